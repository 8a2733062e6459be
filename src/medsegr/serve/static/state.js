// What the page knows: the picture, the findings as they are asked for, and the last answer. No element is touched.

import { colourOf, plain, plainName, uniqueIds } from "./report.js";

const NOTHING = { findings: [], words: [], not_read: [], warnings: [], modality: null };
const UNSTATED = { presence: "present", laterality: null, size_mm: [], count: null };

export class State {
  constructor() {
    Object.assign(this, { lexicon: null, picture: null, dicom: false, fresh: true, view: null, armed: null, mapped: null });
    Object.assign(this, { series: null, unsent: true, models: [] });
    this.read({ ...NOTHING, findings: [] });
  }

  /** Another picture, which nothing is known of; or another series of the same study. */
  open(picture, dicom, series = null) {
    this.unsent ||= picture !== this.picture;
    Object.assign(this, { picture, dicom, series, fresh: true, view: null, result: null, armed: null, mapped: null });
    this.clicks = this.findings.map(() => []);
  }

  /** Another reading of a report: nothing is known of its findings. */
  read(priors) {
    Object.assign(this, { priors, result: null, armed: null, mapped: null });
    this.shows = this.findings.map(() => ({ on: true, opacity: 1 }));
    this.clicks = this.findings.map(() => []);
  }

  get findings() {
    return this.priors.findings;
  }

  remove(k) {
    for (const list of [this.findings, this.shows, this.clicks]) list.splice(k, 1);
    this.priors.words = this.priors.words
      .filter((word) => word.finding !== k)
      .map((word) => ({ ...word, finding: word.finding - (word.finding > k) }));
    Object.assign(this, { result: null, armed: null, mapped: null });
  }

  /** A finding that the report does not name. */
  add(name) {
    const wanted = plain(name.trim().toLowerCase());
    const target = this.lexicon.targets.find((one) => plain(one) === wanted);
    if (!target) throw new Error(`There is no finding “${name.trim()}” in the lexicon. Choose one of the list.`);
    this.findings.push({ target, ...UNSTATED, zones: [], texture: [], shape: [], evidence: [], trigger: [] });
    this.shows.push({ on: true, opacity: 1 });
    this.clicks.push([]);
  }

  /** What clicks said of a finding is void where its place or presence is another now. */
  edited(k, field) {
    if (field !== "texture" && field !== "shape") this.clicks[k] = [];
    if (this.armed === k && this.findings[k].presence === "absent") this.armed = null;
  }

  /** The question as fields of a form; `keeper`: a job that has kept the picture, or null. */
  question({ report, modality, draw }, keeper) {
    const ids = uniqueIds(this.findings);
    const clicked = ids.flatMap((id, k) => (this.clicks[k].length ? [[id, this.clicks[k]]] : []));
    const prompts = clicked.map(([id, clicks]) => [
      id,
      {
        points: clicks.map(({ x, y }) => [x, y]),
        labels: clicks.map(({ inside }) => Number(inside)),
        planes: this.view?.planes > 1 ? clicks.map(({ plane }) => plane) : [],
      },
    ]);
    const priors = JSON.stringify({ modality: this.priors.modality, findings: this.findings });
    const shown = this.unsent || !keeper ? ["image", this.picture] : ["again", keeper];
    const fields = [shown, ["keep", "true"], ["priors", priors], ["view", "true"], ["masks", "separate"], ["masks", "4d"]];
    if (this.dicom) fields.push(["masks", "dicom"], ["series", this.series ?? "largest"]);
    if (report.trim()) fields.push(["report", report]);
    if (modality) fields.push(["modality", modality]);
    if (draw) fields.push(["untrained", "draw"]);
    if (prompts.length) fields.push(["prompts", JSON.stringify(Object.fromEntries(prompts))]);
    return fields;
  }

  name(k) {
    return plainName(this.findings[k]);
  }

  colour(k) {
    return colourOf(k, this.lexicon);
  }

  /** How the mask of a finding is drawn, given the lines around it. */
  mask(path, k) {
    const mapped = this.mapped === k;
    return {
      path,
      colour: this.colour(k),
      shown: this.shows[k].on,
      opacity: this.shows[k].opacity,
      dashed: this.findings[k].presence === "uncertain",
      filled: !mapped,
      box: mapped ? this.result.findings[k].box : null,
    };
  }

  /** Clicks of all findings in a plane. */
  clicksOn(plane) {
    const here = (clicks) => clicks.filter((one) => one.plane === plane);
    return this.clicks.flatMap((clicks, k) => here(clicks).map((one) => ({ ...one, colour: this.colour(k) })));
  }

  /** The support below which the model that answered sees a finding as not shown; null where it is not known. */
  get needed() {
    const own = this.models.find(({ name }) => name === this.result?.model);
    const model = own ?? (this.models.length === 1 ? this.models[0] : null);
    return model?.support_thresholds[this.result?.modality] ?? model?.support_threshold ?? null;
  }
}
