// Which values are shown black and white: presets, level and width, inverted or not.

import { presets } from "./grey.js";

const byId = (id) => document.getElementById(id);
const [preset, level, width, invert] = ["preset", "level", "width", "invert"].map(byId);

/** Tells `changed()` when another window is chosen; `window` is [black, white]. */
export class Windowing {
  constructor(changed) {
    this.window = [0, 1];
    this.offered = [];
    preset.addEventListener("change", () => this.#choose(Number(preset.value), changed));
    for (const slider of [level, width])
      slider.addEventListener("input", () => {
        preset.value = "own";
        this.#read();
        changed();
      });
    invert.addEventListener("change", () => {
      this.window.reverse();
      changed();
    });
  }

  /** A new picture: as its reader says. */
  open(view) {
    this.offered = presets(view);
    const options = this.offered.map(([name], number) => new Option(name, number));
    preset.replaceChildren(...options, new Option("Own", "own"));
    const span = view.highest - view.lowest || 1;
    for (const [slider, least, most] of [[level, view.lowest, view.highest], [width, span / 256, span * 1.5]]) {
      Object.assign(slider, { min: least, max: most, step: span > 500 ? 1 : span / 500, disabled: false });
    }
    preset.disabled = invert.disabled = false;
    this.#choose(0);
  }

  #choose(number, changed = () => undefined) {
    if (!this.offered[number]) return;
    this.window = [...this.offered[number][1]];
    const [low, high] = this.window;
    level.value = (low + high) / 2;
    width.value = Math.abs(high - low);
    preset.value = String(number);
    invert.checked = high < low;
    changed();
  }

  #read() {
    const [middle, half] = [Number(level.value), Number(width.value) / 2];
    this.window = [middle - half, middle + half];
    if (invert.checked) this.window.reverse();
  }
}
