// One question at a time: the newest counts, what it replaces is stopped and deleted.

import { forget, json, look, submit } from "./api.js";

/** Tells `asked(keeper)` for the fields of the newest question, given the job that has kept the picture; `progress(job)`, `answered(job, view)` and `idle(problem)`. */
export class Jobs {
  constructor(told) {
    Object.assign(this, { told, wanted: 0, busy: false, shown: null, running: null });
    addEventListener("pagehide", () => [this.shown, this.running].filter(Boolean).forEach(forget));
  }

  /** Ask, or ask again: what changed meanwhile counts. */
  async ask() {
    this.wanted++;
    if (this.busy) return;
    this.busy = true;
    let problem = null;
    for (let done = 0; done !== this.wanted; ) {
      done = this.wanted;
      try {
        problem = null;
        await this.#once(done);
      } catch (error) {
        problem = error;
      }
    }
    this.busy = false;
    this.told.idle(problem);
  }

  /** Nobody waits any more; what to say of it. */
  stop() {
    this.wanted++;
    this.stopped = this.wanted;
    return "Stopped.";
  }

  /** Where the kept picture is gone, its time being over, it is sent again, if anybody still wants to know. */
  async #submit(number) {
    try {
      return await submit(this.told.asked(this.shown));
    } catch (error) {
      if (!this.shown || ![404, 409].includes(error.status)) throw error;
      this.shown = null;
      if (number !== this.wanted) throw error;
      return submit(this.told.asked(null));
    }
  }

  /** One question to its end. While anything is waited for, another may have become the wanted one. */
  async #once(number) {
    if (number === this.stopped) return;
    const wanted = () => number === this.wanted;
    const sent = performance.now();
    let job = await this.#submit(number);
    this.running = job.id;
    while (wanted() && (job.state === "queued" || job.state === "running")) {
      this.told.progress(job);
      job = await look(job.id, 1);
    }
    if (wanted() && job.state !== "done") throw new Error(job.problem?.detail ?? "The job was cancelled.");
    const view = wanted() ? await json(`/v1/jobs/${job.id}/view`) : null;
    if (!wanted()) {
      await forget(job.id);
      return;
    }
    const before = this.shown;
    Object.assign(this, { shown: job.id, running: null });
    try {
      await this.told.answered(job, view, performance.now() - sent);
    } finally {
      if (before) forget(before);
    }
  }
}
