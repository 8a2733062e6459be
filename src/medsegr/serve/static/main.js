// The page: what is dropped and typed becomes a question, its answer a picture with masks and a table.

import { json, useToken } from "./api.js";
import { sorted } from "./files.js";
import { FindingsTable } from "./findings.js";
import { listen } from "./hands.js";
import { Jobs } from "./jobs.js";
import { Planes } from "./planes.js";
import { Reading } from "./reading.js";
import { plain, showWords } from "./report.js";
import { picture, Saves } from "./save.js";
import * as says from "./says.js";
import { Series } from "./series.js";
import { Slices } from "./slices.js";
import { Stage } from "./stage.js";
import { State } from "./state.js";
import { Windowing } from "./windowing.js";

const byId = (id) => document.getElementById(id);
const [report, modality, run] = ["report", "modality", "run"].map(byId);

const EMPTY = byId("empty-says").textContent;

const state = new State();
const planes = new Planes();
const stage = new Stage({
  clicked: (x, y, inside) => click(state.armed, { x, y, inside }),
  undo: () => undo(state.armed),
  quit: () => arm(null),
  turned: (steps) => slices.go(slices.plane + steps),
});
const slices = new Slices(() => paint());
const series = new Series((number) => {
  openPicture(state.picture, state.dicom, "series", number);
  ask();
});
const windowing = new Windowing(() => paint());
const reading = new Reading({ asked: () => [report.value, modality.value], read: followReport, failed: problem });
const jobs = new Jobs({ asked: question, progress: says.progress, answered: show, idle: rest });
const saves = new Saves({ png: () => picture(stage), failed: problem });
const table = new FindingsTable({
  edited,
  removed,
  shown: (k) => stage.showMask(k, state.shows[k].on, state.shows[k].opacity),
  mapped: (k) => showMap(state.mapped === k ? null : k),
  armed: (k) => arm(state.armed === k ? null : k),
  undo,
});

// ---- what comes in ----

async function begin() {
  try {
    const [{ models }, lexicon] = await Promise.all([json("/v1/models"), json("/v1/lexicon")]);
    Object.assign(state, { lexicon, models });
    byId("model").textContent = models.length ? `Model: ${models[0].name}` : "";
    modality.append(...lexicon.modalities.map(({ name }) => new Option(plain(name), name)));
    byId("targets").append(...lexicon.targets.map((name) => new Option(plain(name), plain(name))));
    says.status("Ready.");
    await reading.read();
  } catch (error) {
    problem(error);
  }
}

let taken = Promise.resolve();
let opening = EMPTY;

/** One drop after the other: what came last stays, however long the one before it takes to read. */
function take(files) {
  taken = taken.then(() => takeNext(files));
  return taken;
}

async function takeNext(files) {
  says.calm();
  try {
    const given = await sorted(files);
    if (given.report !== null) {
      report.value = given.report;
      await reading.read();
    }
    if (given.picture) {
      series.close();
      openPicture(given.picture, given.dicom, files.length > 1 && given.dicom ? "study" : "picture");
    }
    if (given.picture || (state.picture && state.findings.length)) ask();
  } catch (error) {
    problem(error);
  }
}

/** A file, or a series of the one that is there: its values and masks are not known yet. No answer for another counts. */
function openPicture(file, dicom, what, number = null) {
  jobs.stop();
  state.open(file, dicom, number);
  stage.close();
  slices.open(1, 0);
  saves.open(null);
  opening = `The ${what} is being read…`;
  byId("empty-says").textContent = opening;
  followRows();
}

function followReport(text, priors, meant) {
  says.calm();
  state.read(priors);
  showWords(text, priors, state.lexicon);
  says.list("warnings", text.trim() ? priors.warnings : []);
  followRows();
  if (jobs.busy || (meant && state.picture)) jobs.ask();
}

// ---- what is changed ----

const kind = () => modality.value || state.result?.modality || state.priors.modality;

/** The table and the picture after other findings, whose masks are not known yet. */
function followRows() {
  table.open(state.findings, kind(), state.shows, state.lexicon);
  tellRows();
  run.disabled = !(state.picture && state.findings.length);
  arm(null);
  state.mapped = null;
  byId("map-legend").hidden = true;
  if (!state.result) {
    stage.paintMap(null);
    stage.paintMasks([]);
    slices.mark([]);
  }
  paintClicks();
}

function tellRows() {
  const letters = Array.from(report.value);
  const quoted = ([start, end]) => letters.slice(start, end).join("").trim();
  const areas = state.view?.findings.map((one) => one.areas) ?? [];
  table.tell(state.result?.findings, { clicks: state.clicks, areas, needed: state.needed, quoted });
}

function edited(k, field) {
  state.edited(k, field);
  if (state.armed === null) arm(null);
  ask();
}

function removed(k) {
  state.remove(k);
  changedRows();
  byId("findings-title").focus();
}

function added(name) {
  says.calm();
  try {
    state.add(name);
    changedRows();
    return true;
  } catch (error) {
    problem(error);
    return false;
  }
}

function changedRows() {
  followRows();
  showWords(report.value, state.priors, state.lexicon);
  ask();
}

function click(k, point) {
  if (k === null) return;
  state.clicks[k].push({ ...point, plane: slices.plane });
  paintClicks();
  ask();
}

function undo(k) {
  if (k === null || !state.clicks[k].length) return;
  slices.go(state.clicks[k].pop().plane);
  paintClicks();
  ask();
}

function arm(k) {
  state.armed = k;
  stage.arm(k);
  table.press(k, state.mapped);
  const here = state.view?.planes > 1 ? " in this slice" : "";
  const told = k === null ? "" : `Click what belongs to “${state.name(k)}”${here}, with Shift what does not. Escape ends it.`;
  byId("stage-says").textContent = told;
  if (k !== null) stage.root.focus();
}

// ---- asking and being answered ----

/** Ask, with the text that stands there: what was typed this moment is read first. */
async function ask() {
  await typed();
  await reading.done;
  if (state.picture) jobs.ask();
}

function question(keeper) {
  says.calm();
  says.busy(true, "Asking…");
  if (state.fresh) byId("empty-says").textContent = opening;
  return state.question({ report: report.value, modality: modality.value, draw: byId("draw").checked }, keeper);
}

async function show(job, view, milliseconds) {
  const [same, before] = [!state.fresh, state.view];
  planes.open(job.id, view, same);
  Object.assign(state, { view, result: job.result, fresh: false, unsent: false });
  series.open(view);
  if (same) stage.follow(view);
  else stage.open(view);
  if (!same || view.hounsfield !== before?.hounsfield) windowing.open(view);
  const first = view.findings.find((one) => one.areas.some(Boolean));
  if (!same) slices.open(view.planes, first ? first.key_plane : Math.floor(view.planes / 2));
  else if (first && !before?.findings.some((one) => one.areas.some(Boolean))) slices.go(first.key_plane);
  slices.mark(view.findings.map((one, k) => ({ ...one, colour: state.colour(k), name: state.name(k) })));
  if (!view.findings[state.mapped]?.map) state.mapped = null;
  byId("map-legend").hidden = state.mapped === null;
  tellRows();
  table.press(state.armed, state.mapped);
  saves.open(job, state.dicom);
  says.list("warnings", state.findings.length || report.value.trim() ? says.general(job.result) : view.notes);
  await paint();
  if (state.result === job.result) says.done(job.result.findings, milliseconds);
}

let painting = 0;

/** Draw the plane that is chosen, as it is now. */
async function paint() {
  const { view, mapped, result } = state;
  if (!view) return;
  const [number, plane] = [++painting, slices.plane];
  try {
    const [values, outlines, map] = await Promise.all([
      planes.picture(plane),
      result ? planes.outlines(plane) : [],
      mapped !== null && view.findings[mapped].key_plane === plane ? planes.map(mapped) : null,
    ]);
    if (number !== painting || view !== state.view) return;
    stage.paint(values, windowing.window);
    stage.paintMap(mapped === state.mapped ? map : null);
    stage.paintMasks(result === state.result ? outlines.map((path, k) => state.mask(path, k)) : []);
    paintClicks();
    stage.describe(plane, (result ? view.findings : []).flatMap((one, k) => (one.areas[plane] ? [state.name(k)] : [])));
    for (const next of [plane - 1, plane + 1]) if (next >= 0 && next < view.planes) planes.picture(next).catch(() => 0);
  } catch (error) {
    if (number === painting && view === state.view) problem(error);
  }
}

const paintClicks = () => stage.paintClicks(state.clicksOn(slices.plane));

function showMap(k) {
  state.mapped = k;
  table.press(state.armed, k);
  byId("map-legend").hidden = k === null;
  if (k !== null) {
    byId("map-of").textContent = `Where “${state.name(k)}” was looked for:`;
    slices.go(state.view.findings[k].key_plane);
  }
  return paint();
}

function rest(error) {
  says.busy(false);
  if (state.fresh) byId("empty-says").textContent = EMPTY;
  if (error) problem(error);
}

function problem(error) {
  if (error.status !== 401) return says.problem(error);
  return says.askForToken((token) => {
    useToken(token);
    begin();
  });
}

const typed = listen({
  take,
  busy: () => jobs.busy,
  read: (meant) => reading.read(meant),
  kind: () => reading.read().then(ask),
  run: ask,
  draw: ask,
  stop: () => says.status(jobs.stop()),
  add: added,
  toggle: (k) => {
    if (!state.shows[k]) return;
    state.shows[k].on = !state.shows[k].on;
    table.showState(k);
    stage.showMask(k, state.shows[k].on, state.shows[k].opacity);
  },
  scale: (factor) => stage.scale(factor),
});

begin();
