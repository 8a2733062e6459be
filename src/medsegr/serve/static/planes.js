// Planes of a picture and of its masks, as they come from the service; some are kept.

import { ask, bytes } from "./api.js";
import { values } from "./grey.js";
import { path, unpacked } from "./outline.js";

const KEPT_BYTES = 200_000_000;

export class Planes {
  constructor() {
    this.open(null, null);
  }

  /** Another answer; where the picture is the same, its planes are kept. */
  open(job, view, same = false) {
    Object.assign(this, { job, view, masks: new Map(), maps: new Map() });
    if (!same) this.pictures = new Map();
  }

  /** Values of a plane. */
  picture(plane) {
    const { job, view } = this;
    return this.#kept(this.pictures, plane, async () =>
      values(await bytes(`/v1/jobs/${job}/view/planes/${plane}`), view.type),
    );
  }

  /** Paths around the masks of a plane, one a finding. */
  outlines(plane) {
    return this.#kept(this.masks, plane, async () => {
      const { width, height, findings } = this.view;
      if (!findings.some((one) => one.areas[plane])) return findings.map(() => "");
      const bits = new Uint8Array(await bytes(`/v1/jobs/${this.job}/view/masks/${plane}`));
      return findings.map((one, k) =>
        one.areas[plane] ? path(unpacked(bits, k, width * height), width, height) : "",
      );
    });
  }

  /** Location map of a finding. */
  map(number) {
    return this.#kept(this.maps, number, async () => {
      const answer = await ask(`/v1/jobs/${this.job}/view/maps/${number}`);
      const [height, width] = ["X-Height", "X-Width"].map((name) => Number(answer.headers.get(name)));
      return { height, width, values: new Uint8Array(await answer.arrayBuffer()) };
    });
  }

  #kept(kept, key, make) {
    if (!kept.has(key)) {
      const one = this.view.width * this.view.height * 4;
      while (kept.size && kept.size * one > KEPT_BYTES) kept.delete(kept.keys().next().value);
      const made = make();
      made.catch(() => kept.delete(key));
      kept.set(key, made);
    }
    return kept.get(key);
  }
}
