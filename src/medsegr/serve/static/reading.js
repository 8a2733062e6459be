// The report as the service reads it: of several readings at once the newest counts.

import { parse } from "./api.js";

/** Tells `asked()` for [text, modality], `read(text, priors, meant)` and `failed(error)`. */
export class Reading {
  constructor(told) {
    Object.assign(this, { told, number: 0, done: Promise.resolve() });
  }

  /** Read what stands there; `done` is kept when that is over, well or not. `meant`: see hands.js. */
  read(meant = false) {
    this.done = this.#read(++this.number, meant);
    return this.done;
  }

  async #read(number, meant) {
    const [text, modality] = this.told.asked();
    try {
      const priors = await parse(text, modality);
      if (number === this.number) this.told.read(text, priors, meant);
    } catch (error) {
      if (number === this.number) this.told.failed(error);
    }
  }
}
