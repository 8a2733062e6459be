// The findings as a table: what the report says of each, which can be edited, and what the picture says of it.

import { chips, grouped, zonesOf } from "./chips.js";
import { colourOf, plainName } from "./report.js";

const table = document.getElementById("findings");
const PRESENCE = ["present", "uncertain", "absent"];
const SIDES = ["", "left", "right", "bilateral", "midline"];

export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "on") for (const [event, listener] of Object.entries(value)) made.addEventListener(event, listener);
    else if (name in made) made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

/** Tells `edited(k, field)`, `removed(k)`, `shown(k)`, `mapped(k)`, `armed(k)` and `undo(k)` of finding number k. */
export class FindingsTable {
  constructor(told) {
    Object.assign(this, { told, rows: [] });
  }

  /** Rows anew: of other findings, or of another kind of picture. `shows`: {on, opacity} of each. */
  open(findings, modality, shows, lexicon) {
    Object.assign(this, { findings, shows, lexicon, modality });
    this.zones = zonesOf(modality, lexicon);
    this.textures = grouped(lexicon.textures, "group");
    this.shapes = grouped(lexicon.shapes, "group");
    this.rows = findings.map((finding, k) => this.#row(finding, k));
    table.replaceChildren(table.tHead, ...this.rows.map((row) => row.body));
    table.hidden = !findings.length;
    document.getElementById("no-findings").hidden = findings.length > 0;
  }

  /**
   * What the picture says: entries of findings.json, or null before it was asked. `areas`: of each finding its pixels
   * by planes; `needed`: the support that a finding must have; `quoted`: words of the report.
   */
  tell(answers, { clicks, areas, needed, quoted }) {
    this.rows.forEach((row, k) => {
      const answer = answers?.[k];
      const absent = this.findings[k].presence === "absent";
      const outlined = Boolean(answer && !answer.reason);
      row.name.textContent = plainName(this.findings[k]);
      row.body.classList.toggle("absent", absent);
      const reach = areas[k]?.length > 1 ? reached(areas[k], clicks[k]) : [];
      row.says.textContent = answer ? said(answer, quoted, reach) : "Not looked for yet.";
      row.says.classList.toggle("none", Boolean(answer?.reason));
      row.support.hidden = row.supportSays.hidden = answer?.support == null;
      row.support.value = answer?.support ?? 0;
      row.support.low = row.support.high = needed ?? 0;
      row.supportSays.textContent = answer?.support == null ? "" : supported(answer.support, needed);
      row.show.disabled = row.opacity.disabled = !outlined;
      row.map.disabled = answer?.support == null;
      row.arm.disabled = !answer || absent;
      row.undo.hidden = !clicks[k]?.length;
    });
  }

  /** Which finding takes clicks, and whose location map is shown; or null. */
  press(armed, mapped) {
    this.rows.forEach((row, k) => {
      row.arm.setAttribute("aria-pressed", String(armed === k));
      row.map.setAttribute("aria-pressed", String(mapped === k));
      row.body.classList.toggle("armed", armed === k);
    });
  }

  showState(k) {
    this.rows[k].show.checked = this.shows[k].on;
  }

  #row(finding, k) {
    const name = element("span", { className: "name" }, plainName(finding));
    const swatch = element("span", { className: "swatch", ariaHidden: "true" });
    swatch.style.background = colourOf(k, this.lexicon);
    const number = element("span", { className: "number", title: `key ${k + 1}` }, String(k + 1));
    const head = element("th", { scope: "row" }, element("div", { className: "head" }, swatch, k < 9 ? number : "", name));
    const edited = (field) => () => this.told.edited(k, field);
    const first = element(
      "tr",
      {},
      head,
      element("td", {}, this.#select(k, "presence", PRESENCE, "Presence")),
      element("td", {}, this.#select(k, "laterality", SIDES, "Side")),
      element("td", {}, chips("Zone", finding.zones, this.zones, edited("zones"))),
      element("td", {}, chips("Texture", finding.texture, this.textures, edited("texture"))),
      element("td", {}, chips("Shape", finding.shape, this.shapes, edited("shape"))),
    );
    const row = { name, ...this.#controls(k) };
    const second = element("tr", { className: "answer" }, element("td", { colSpan: 6 }, row.line));
    row.body = element("tbody", { ariaLabel: plainName(finding) }, first, second);
    return row;
  }

  #select(k, field, names, label) {
    const options = names.map((name) => new Option(name || "not stated", name));
    const select = element("select", { ariaLabel: label }, ...options);
    select.value = this.findings[k][field] ?? "";
    select.addEventListener("change", () => {
      this.findings[k][field] = select.value || null;
      this.told.edited(k, field);
    });
    return select;
  }

  #controls(k) {
    const state = this.shows[k];
    const button = (text, name) =>
      element("button", { type: "button", className: name, on: { click: () => this.told[name](k) } }, text);
    const show = element("input", { type: "checkbox", checked: state.on });
    show.addEventListener("change", () => {
      state.on = show.checked;
      this.told.shown(k);
    });
    const opacity = element("input", { type: "range", min: 0, max: 1, step: 0.05, ariaLabel: "Opacity" });
    opacity.value = state.opacity;
    opacity.addEventListener("input", () => {
      state.opacity = Number(opacity.value);
      this.told.shown(k);
    });
    const made = {
      show,
      opacity,
      says: element("span", { className: "says" }),
      support: element("meter", { min: 0, max: 1, optimum: 1, ariaLabel: "Support by the picture" }),
      supportSays: element("span", { className: "faint" }),
      map: button("Location", "mapped"),
      arm: button("Click", "armed"),
      undo: button("Undo", "undo"),
      remove: button("Remove", "removed"),
    };
    const switched = element("label", { className: "tick" }, show, "Mask");
    const buttons = element("span", { className: "group" }, made.map, made.arm, made.undo, made.remove);
    const order = [switched, opacity, made.support, made.supportSays, made.says, buttons];
    return { ...made, line: element("div", { className: "line" }, ...order) };
  }
}

const supported = (support, needed) => `support ${support.toFixed(2)}${needed ? ` of ${needed.toFixed(2)} needed` : ""}`;

/** How far a mask reaches through a volume, and in which slices it was clicked. */
function reached(areas, clicks) {
  const planes = areas.flatMap((area, plane) => (area ? [plane + 1] : []));
  const [first, last] = [planes[0], planes.at(-1)];
  const clicked = [...new Set(clicks.map(({ plane }) => plane + 1))].sort((a, b) => a - b);
  const gaps = planes.length < last - first + 1 ? `${planes.length} of ` : "";
  const told = planes.length > 1 ? [`${gaps}slices ${first} to ${last}`] : planes.length ? [`slice ${first}`] : [];
  return clicked.length ? [...told, `clicked in ${clicked.join(", ")}`] : told;
}

/** Why there is no mask, or how large it is and how far it reaches. */
function said(answer, quoted, reach) {
  if (answer.presence === "absent") {
    const words = answer.trigger.map(quoted).filter(Boolean);
    return words.length ? `Absent by the report: “${words.join("”, “")}”.` : "Absent.";
  }
  if (answer.reason) {
    const reason = answer.reason.replace(/ \(support [\d.]+, needed [\d.]+\)$/, ""); // stands beside it
    return [`${reason[0].toUpperCase()}${reason.slice(1)}.`, ...reach].join(" · ");
  }
  const told = [`${answer.area_px.toLocaleString("en")} ${answer.volume_ml == null ? "px" : "voxels"}`];
  if (answer.size_mm != null) told.push(`${answer.size_mm.toFixed(1)} mm`);
  if (answer.volume_ml != null) told.push(`${answer.volume_ml.toFixed(2)} ml`);
  return [...told, ...reach].join(" · ");
}

