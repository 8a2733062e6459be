// Which slice of a volume is shown: a slider, keys, and a strip that tells where masks are.

import { svg } from "./stage.js";

const byId = (id) => document.getElementById(id);
const [row, slider, says, strip] = ["slices", "slice", "slice-says", "where"].map(byId);

/** Tells `changed(plane)`, from 0. */
export class Slices {
  constructor(changed) {
    Object.assign(this, { plane: 0, planes: 1, changed });
    slider.addEventListener("input", () => this.go(Number(slider.value) - 1));
    byId("stage").addEventListener("keydown", (event) => this.#key(event));
  }

  open(planes, plane) {
    Object.assign(this, { planes, plane });
    row.hidden = planes < 2;
    slider.max = planes;
    this.#say();
  }

  go(plane) {
    const to = Math.min(Math.max(plane, 0), this.planes - 1);
    if (to === this.plane) return;
    this.plane = to;
    this.#say();
    this.changed(to);
  }

  /** Where masks are: {areas, colour, name} of each finding. */
  mark(findings) {
    this.findings = findings;
    const rows = findings.filter((one) => one.areas.some(Boolean));
    strip.setAttribute("viewBox", `0 0 ${this.planes} ${Math.max(rows.length, 1)}`);
    strip.replaceChildren(
      ...rows.flatMap((one, y) =>
        one.areas.flatMap((area, x) => (area ? [svg("rect", { x, y, width: 1, height: 0.8, fill: one.colour })] : [])),
      ),
    );
    this.#say();
  }

  #say() {
    slider.value = this.plane + 1;
    says.value = `${this.plane + 1} of ${this.planes}`;
    const here = (this.findings ?? []).filter((one) => one.areas[this.plane]).map((one) => one.name);
    slider.setAttribute("aria-valuetext", `${says.value}; masks: ${here.join("; ") || "none"}`);
  }

  #key(event) {
    const steps = { ArrowUp: -1, ArrowLeft: -1, ArrowDown: 1, ArrowRight: 1, PageUp: -5, PageDown: 5 };
    const ends = { Home: 0, End: this.planes - 1 };
    if (this.planes < 2 || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key in steps) this.go(this.plane + steps[event.key]);
    else if (event.key in ends) this.go(ends[event.key]);
    else return;
    event.preventDefault();
  }
}
