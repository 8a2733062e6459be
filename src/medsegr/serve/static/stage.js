// The picture and what lies over it: masks, a location map, clicks, the letters of the sides.

import { draw, drawMap } from "./grey.js";

const SVG = "http://www.w3.org/2000/svg";
const byId = (id) => document.getElementById(id);

export function svg(name, attributes = {}, parent = null) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  parent?.append(made);
  return made;
}

/** Tells `clicked(x, y, inside)`, in pixels of the picture, and `undo()` and `quit()` while a finding takes clicks. */
export class Stage {
  constructor(told) {
    Object.assign(this, { told, root: byId("stage"), sheet: byId("sheet"), base: byId("base"), map: byId("map") });
    Object.assign(this, { marks: byId("marks"), view: null, zoom: 1, armed: null, cross: null, masks: [], clicks: [] });
    new ResizeObserver(() => this.fit()).observe(this.root);
    this.sheet.addEventListener("click", (event) => this.#clicked(event));
    this.sheet.addEventListener("contextmenu", (event) => this.armed !== null && this.#clicked(event));
    this.root.addEventListener("keydown", (event) => this.armed !== null && this.#key(event));
    this.root.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    for (const [id, factor] of [["smaller", 1 / 1.25], ["larger", 1.25], ["fit", 0]])
      byId(id).addEventListener("click", () => this.scale(factor));
  }

  /** A new picture; its planes come by `paint`. */
  open(view) {
    Object.assign(this, { zoom: 1, cross: null });
    byId("empty").hidden = true;
    this.sheet.hidden = false;
    for (const id of ["smaller", "larger", "fit"]) byId(id).disabled = false;
    this.marks.setAttribute("viewBox", `0 0 ${view.width} ${view.height}`);
    this.follow(view);
    this.fit();
  }

  /** Another answer for the same picture, of which more may be known. */
  follow(view) {
    this.view = view;
    for (const id of ["side-right", "side-left"]) byId(id).hidden = !view.patient_sides;
  }

  close() {
    this.view = null;
    byId("empty").hidden = false;
    this.sheet.hidden = true;
  }

  /** For those who hear the page: which plane is shown, and whose masks lie in it. */
  describe(plane, names) {
    const { planes, width, height } = this.view;
    const where = planes > 1 ? `slice ${plane + 1} of ${planes}` : `${width} by ${height} pixels`;
    this.root.setAttribute("aria-label", `Picture, ${where}; masks: ${names.join("; ") || "none"}`);
  }

  /** Larger or smaller by a factor; 0 for as large as there is room. */
  scale(factor) {
    this.zoom = factor ? Math.min(Math.max(this.zoom * factor, 0.25), 16) : 1;
    this.fit();
  }

  fit() {
    if (!this.view) return;
    const { width, height, aspect } = this.view;
    const style = getComputedStyle(this.root);
    const room = [this.root.offsetWidth - 2 * parseFloat(style.borderWidth), this.root.offsetHeight - 2 * parseFloat(style.borderWidth)];
    this.px = Math.min(room[0] / width, room[1] / (height * aspect)) * this.zoom;
    this.sheet.style.width = `${width * this.px}px`;
    this.sheet.style.height = `${height * aspect * this.px}px`;
    this.base.classList.toggle("coarse", this.px > 4);
    this.#drawClicks();
  }

  paint(plane, window) {
    draw(this.base, plane, this.view, window);
  }

  /** A location map (0 to 255) over the picture, or none. */
  paintMap(map) {
    this.map.hidden = !map;
    if (map) drawMap(this.map, map.values, map.width, map.height);
  }

  /** Masks of this plane: {path, colour, shown, opacity, dashed, filled, box}, in the order of the findings. */
  paintMasks(masks) {
    this.masks = masks;
    const groups = masks.map((mask) => {
      const group = svg("g", { class: "mask" });
      group.style.display = mask.shown ? "" : "none";
      group.style.opacity = mask.opacity;
      if (mask.path) {
        svg("path", { d: mask.path, fill: mask.colour, "fill-opacity": mask.filled ? 0.3 : 0 }, group);
        svg("path", { d: mask.path, class: "halo" }, group);
        svg("path", { d: mask.path, class: mask.dashed ? "rim dashed" : "rim", stroke: mask.colour }, group);
      }
      if (mask.box) {
        const [x, y, right, bottom] = mask.box;
        svg("rect", { x, y, width: right - x, height: bottom - y, class: "rim box", stroke: mask.colour }, group);
      }
      return group;
    });
    this.clickMarks = svg("g");
    this.marks.replaceChildren(...groups, this.clickMarks);
    this.#drawClicks();
  }

  /** One mask's switch or opacity, without drawing anew. */
  showMask(number, shown, opacity) {
    const group = this.marks.children[number];
    if (!group || group === this.clickMarks) return;
    group.style.display = shown ? "" : "none";
    group.style.opacity = opacity;
  }

  /** Clicks of all findings: {x, y, inside, colour}. */
  paintClicks(clicks) {
    this.clicks = clicks;
    this.#drawClicks();
  }

  /** From now on clicks are told; null: no more. */
  arm(number) {
    Object.assign(this, { armed: number, byKeys: true });
    this.root.classList.toggle("armed", number !== null);
    this.cross = number === null || !this.view ? null : [this.view.width / 2, this.view.height / 2];
    this.#drawClicks();
  }

  #drawClicks() {
    if (!this.clickMarks || !this.view) return;
    const [unit, tall] = [1 / this.px, 1 / (this.px * this.view.aspect)];
    const shapes = this.clicks.flatMap(({ x, y, inside, colour }) => {
      const arm = `M${x - 5 * unit} ${y}h${10 * unit}`;
      const d = inside ? `${arm}M${x} ${y - 5 * tall}v${10 * tall}` : arm;
      return [svg("path", { d, class: "point back" }), svg("path", { d, class: "point", stroke: colour })];
    });
    if (this.cross && this.byKeys) {
      const [x, y] = this.cross;
      const d = `M${x - 14 * unit} ${y}h${28 * unit}M${x} ${y - 14 * tall}v${28 * tall}`;
      shapes.push(svg("path", { d, class: "cross back" }), svg("path", { d, class: "cross" }));
    }
    this.clickMarks.replaceChildren(...shapes);
  }

  #clicked(event) {
    if (this.armed === null || !this.view) return;
    event.preventDefault();
    const frame = this.sheet.getBoundingClientRect();
    const x = ((event.clientX - frame.left) / frame.width) * this.view.width;
    const y = ((event.clientY - frame.top) / frame.height) * this.view.height;
    Object.assign(this, { cross: [x, y], byKeys: false });
    this.told.clicked(x, y, !event.shiftKey && event.button === 0);
  }

  #key(event) {
    const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const way = ways[event.key];
    if (way && this.cross) {
      const step = (event.shiftKey ? 0.05 : 0.005) * Math.max(this.view.width, this.view.height);
      const most = [this.view.width, this.view.height];
      this.byKeys = true;
      this.cross = this.cross.map((at, k) => Math.min(Math.max(at + way[k] * Math.max(step, 1), 0), most[k]));
      this.#drawClicks();
    } else if (event.key === "Enter") this.told.clicked(...this.cross, !event.shiftKey);
    else if (event.key === "Backspace") this.told.undo();
    else if (event.key === "Escape") this.told.quit();
    else return;
    event.preventDefault();
    event.stopImmediatePropagation(); // arrows turn no slices meanwhile
  }

  #wheel(event) {
    if (!this.view || (!event.ctrlKey && this.view.planes < 2)) return;
    event.preventDefault();
    if (event.ctrlKey) this.scale(event.deltaY < 0 ? 1.1 : 1 / 1.1);
    else this.told.turned(Math.sign(event.deltaY));
  }
}
