// The page: what is dropped and typed becomes a question, its answer a picture with masks and a table.

import { json, parse, Refused, useToken } from "./api.js";
import { dropped, sorted } from "./files.js";
import { FindingsTable } from "./findings.js";
import { Jobs } from "./jobs.js";
import { Planes } from "./planes.js";
import { colourOf, plain, plainName, showWords, uniqueIds } from "./report.js";
import { picture, Saves } from "./save.js";
import { Slices } from "./slices.js";
import { Stage } from "./stage.js";
import { Windowing } from "./windowing.js";

const byId = (id) => document.getElementById(id);
const [report, modality, run] = ["report", "modality", "run"].map(byId);
const NOTHING = { findings: [], words: [], not_read: [], warnings: [] };

const state = {
  lexicon: null,
  picture: null, // a File or Blob
  dicom: false,
  fresh: true, // the picture was not answered for yet
  priors: NOTHING,
  shows: [], // of each finding: {on, opacity}
  clicks: [], // of each finding: [{x, y, inside}]
  view: null,
  result: null,
  armed: null,
  mapped: null,
};

const planes = new Planes();
const stage = new Stage({
  clicked: (x, y, inside) => click(state.armed, { x, y, inside }),
  undo: () => undo(state.armed),
  quit: () => arm(null),
  turned: (steps) => slices.go(slices.plane + steps),
});
const slices = new Slices(() => paint());
const windowing = new Windowing(() => paint());
const jobs = new Jobs({ asked: question, progress: showProgress, answered: show, idle: rest });
const saves = new Saves({ png: () => picture(stage), failed: problem });
const table = new FindingsTable({
  edited,
  removed,
  shown: (k) => stage.showMask(k, state.shows[k].on, state.shows[k].opacity),
  mapped: (k) => showMap(state.mapped === k ? null : k),
  armed: (k) => arm(state.armed === k ? null : k),
  undo,
});

// ---- what happens ----

async function begin() {
  try {
    const { models } = await json("/v1/models");
    state.lexicon = await json("/v1/lexicon");
    byId("model").textContent = models.length ? `Model: ${models[0].name}` : "";
    modality.append(...state.lexicon.modalities.map(({ name }) => new Option(plain(name), name)));
    byId("targets").append(...state.lexicon.targets.map((name) => new Option(plain(name), plain(name))));
    byId("status").textContent = "Ready.";
    readReport();
  } catch (error) {
    if (error.status === 401) askForToken(error);
    else problem(error);
  }
}

function askForToken() {
  const dialog = byId("token");
  dialog.addEventListener("close", () => { useToken(byId("token-value").value); begin(); }, { once: true });
  dialog.showModal();
}

async function take(files) {
  calm();
  try {
    const { picture, dicom, report: text } = await sorted(files);
    if (text !== null) report.value = text;
    if (picture) openPicture(picture, dicom, files);
    if (text !== null) await readReport();
    ready();
    if (state.picture && state.priors.findings.length) jobs.ask();
  } catch (error) {
    problem(error);
  }
}

function openPicture(given, dicom, files) {
  Object.assign(state, { picture: given, dicom, fresh: true, view: null, result: null });
  state.clicks = state.priors.findings.map(() => []);
  arm(null);
  showMap(null);
  stage.close();
  slices.open(1, 0);
  saves.open(null);
  const what = files.length > 1 && dicom ? `${files.length} files` : (given.name ?? "The picture");
  byId("empty-says").textContent = `${what}: ready. It is shown with its masks once there is a report or a finding.`;
  table.tell(null, state.clicks, false);
}

let reading = 0;

async function readReport() {
  const number = ++reading;
  calm();
  try {
    const text = report.value;
    const read = text.trim() ? await parse(text, modality.value) : { ...NOTHING, findings: [] };
    if (number !== reading) return;
    state.priors = read;
    setFindings();
    showWords(text, read, state.lexicon);
    list("warnings", read.warnings);
  } catch (error) {
    if (error.status === 401) askForToken();
    else problem(error);
  }
}

/** Other findings than before: nothing is known of them yet. */
function setFindings() {
  const { findings } = state.priors;
  state.shows = findings.map(() => ({ on: true, opacity: 1 }));
  state.clicks = findings.map(() => []);
  state.result = null;
  arm(null);
  showMap(null);
  table.open(findings, kind(), state.shows, state.lexicon);
  table.tell(null, state.clicks, false);
  stage.paintMasks([]);
  slices.mark([]);
  ready();
}

const kind = () => modality.value || state.result?.modality || state.priors.modality;

function edited(k, field) {
  if (["presence", "laterality", undefined].includes(field)) state.clicks[k] = [];
  if (state.armed === k && state.priors.findings[k].presence === "absent") arm(null);
  again();
}

function removed(k) {
  for (const list of [state.priors.findings, state.shows, state.clicks]) list.splice(k, 1);
  state.priors.words = state.priors.words
    .filter((word) => word.finding !== k)
    .map((word) => ({ ...word, finding: word.finding - (word.finding > k) }));
  state.result?.findings.splice(k, 1);
  changedRows();
}

function added(name) {
  const known = state.lexicon.targets.find((one) => plain(one) === plain(name.trim().toLowerCase()));
  if (!known) throw new Error(`The lexicon has no finding “${name.trim()}”. Choose one of the list.`);
  const empty = { presence: "present", laterality: null, zones: [], texture: [], shape: [], size_mm: [], count: null };
  state.priors = { ...state.priors, findings: [...state.priors.findings, { target: known, ...empty, evidence: [], trigger: [] }] };
  state.shows.push({ on: true, opacity: 1 });
  state.clicks.push([]);
  changedRows();
}

function changedRows() {
  arm(null);
  showMap(null);
  table.open(state.priors.findings, kind(), state.shows, state.lexicon);
  table.tell(state.result?.findings, state.clicks, state.view?.planes > 1);
  showWords(report.value, state.priors, state.lexicon);
  ready();
  again();
}

function click(k, point) {
  if (k === null) return;
  state.clicks[k].push(point);
  stage.paintClicks(allClicks());
  again();
}

function undo(k) {
  if (k === null || !state.clicks[k].length) return;
  state.clicks[k].pop();
  stage.paintClicks(allClicks());
  again();
}

function arm(k) {
  state.armed = k;
  stage.arm(k);
  table.press(k, state.mapped);
  byId("stage-says").textContent =
    k === null
      ? ""
      : `Click what belongs to “${plainName(state.priors.findings[k])}”, with Shift what does not. Escape ends it.`;
  if (k !== null) stage.root.focus();
}

// ---- asking and being answered ----

/** A change: ask anew where there was an answer before, or nothing to be asked for then. */
function again() {
  if (state.picture && !state.fresh && state.priors.findings.length) jobs.ask();
}

function question() {
  const { findings } = state.priors;
  const ids = uniqueIds(findings);
  const prompts = {};
  state.clicks.forEach((clicks, k) => {
    if (!clicks.length) return;
    prompts[ids[k]] = { points: clicks.map(({ x, y }) => [x, y]), labels: clicks.map(({ inside }) => Number(inside)) };
  });
  const { warnings, not_read, words, ...priors } = state.priors;
  const fields = [["image", state.picture], ["priors", JSON.stringify(priors)], ["view", "true"], ["masks", "separate"], ["masks", "4d"]];
  if (state.dicom) fields.push(["masks", "dicom"]);
  if (report.value.trim()) fields.push(["report", report.value]);
  if (modality.value) fields.push(["modality", modality.value]);
  if (Object.keys(prompts).length) fields.push(["prompts", JSON.stringify(prompts)]);
  calm();
  busy(true, "Sending the picture…");
  return fields;
}

const STAGES = { reading: "Reading the picture…", segmenting: "Outlining…", writing: "Almost done…" };

function showProgress(job) {
  busy(true, job.state === "queued" ? "Waiting for the model…" : (STAGES[job.stage] ?? "Working…"));
}

async function show(job, view, milliseconds) {
  const same = !state.fresh;
  planes.open(job.id, view, same);
  Object.assign(state, { view, result: job.result, fresh: false });
  if (!same) {
    stage.open(view);
    windowing.open(view);
    const first = view.findings.find((one) => one.areas.some(Boolean));
    slices.open(view.planes, first ? first.key_plane : Math.floor(view.planes / 2));
    table.open(state.priors.findings, kind(), state.shows, state.lexicon);
  }
  slices.mark(view.findings.map((one, k) => ({ ...one, colour: colourOf(k, state.lexicon), name: plainName(state.priors.findings[k]) })));
  table.tell(job.result.findings, state.clicks, view.planes > 1);
  table.press(state.armed, state.mapped);
  saves.open(job, state.dicom);
  list("warnings", job.result.warnings);
  list("notes", view.notes);
  if (state.mapped !== null && !view.findings[state.mapped]?.map) state.mapped = null;
  await paint();
  say(job.result.findings, milliseconds);
}

function say(findings, milliseconds) {
  const outlined = findings.filter((one) => !one.reason).length;
  const none = findings.length - outlined;
  const told = [`${outlined} ${outlined === 1 ? "mask" : "masks"}`, ...(none ? [`${none} without`] : [])];
  byId("status").textContent = `Done: ${told.join(", ")} (${(milliseconds / 1000).toFixed(1)} s).`;
}

let painting = 0;

/** Draw the plane that is chosen, as it is now. */
async function paint() {
  const { view } = state;
  if (!view) return;
  const [number, plane] = [++painting, slices.plane];
  try {
    const mapped = state.mapped !== null && view.findings[state.mapped].key_plane === plane ? state.mapped : null;
    const [values, outlines, map] = await Promise.all([
      planes.picture(plane),
      planes.outlines(plane),
      mapped === null ? null : planes.map(mapped),
    ]);
    if (number !== painting) return;
    stage.paint(values, windowing.window);
    stage.paintMap(map);
    stage.paintMasks(outlines.map((path, k) => mask(path, k, mapped)));
    stage.paintClicks(allClicks());
    describe(view, plane);
    for (const next of [plane - 1, plane + 1]) if (next >= 0 && next < view.planes) planes.picture(next).catch(() => 0);
  } catch (error) {
    problem(error);
  }
}

function mask(path, k, mapped) {
  const { on, opacity } = state.shows[k];
  const dashed = state.priors.findings[k].presence === "uncertain";
  const box = mapped === k ? state.result.findings[k].box : null;
  return { path, colour: colourOf(k, state.lexicon), shown: on, opacity, dashed, box };
}

function describe(view, plane) {
  const where = view.planes > 1 ? `slice ${plane + 1} of ${view.planes}` : `${view.width} by ${view.height} pixels`;
  const masks = view.findings.flatMap((one, k) => (one.areas[plane] ? [plainName(state.priors.findings[k])] : []));
  stage.root.setAttribute("aria-label", `Picture, ${where}; masks: ${masks.join("; ") || "none"}`);
}

function showMap(k) {
  state.mapped = k;
  table.press(state.armed, k);
  byId("map-legend").hidden = k === null;
  if (k !== null) {
    byId("map-of").textContent = `Where “${plainName(state.priors.findings[k])}” was looked for`;
    slices.go(state.view.findings[k].key_plane);
  }
  return paint();
}

const allClicks = () =>
  state.clicks.flatMap((clicks, k) => clicks.map((one) => ({ ...one, colour: colourOf(k, state.lexicon) })));

// ---- what is said ----

function rest(error) {
  busy(false);
  if (error) problem(error);
}

function busy(on, words) {
  document.body.classList.toggle("busy", on);
  byId("stage").setAttribute("aria-busy", String(on));
  byId("cancel").hidden = !on;
  if (words && byId("status").textContent !== words) byId("status").textContent = words;
}

function ready() {
  run.disabled = !(state.picture && state.priors.findings.length);
}

function list(id, lines) {
  byId(id).replaceChildren(...lines.map((line) => Object.assign(document.createElement("li"), { textContent: line })));
}

function problem(error) {
  if (error instanceof Refused && error.status === 401) return askForToken();
  byId("status").textContent = "";
  byId("problem").textContent = error.message;
  byId("problem").hidden = false;
}

function calm() {
  byId("problem").hidden = true;
}

// ---- hands ----

let typing;
report.addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(readReport, 350);
});
modality.addEventListener("change", async () => {
  await readReport();
  again();
});
run.addEventListener("click", () => jobs.ask());
byId("cancel").addEventListener("click", () => {
  jobs.stop();
  byId("status").textContent = "Stopped.";
});
byId("file").addEventListener("change", (event) => {
  take([...event.target.files]);
  event.target.value = "";
});
byId("add").addEventListener("submit", (event) => {
  event.preventDefault();
  try {
    calm();
    added(byId("target").value);
    byId("target").value = "";
  } catch (error) {
    problem(error);
  }
});
byId("help-button").addEventListener("click", () => byId("help").showModal());
for (const name of ["dragenter", "dragover"])
  addEventListener(name, (event) => {
    event.preventDefault();
    document.body.classList.add("dragged");
  });
addEventListener("dragleave", (event) => event.relatedTarget ?? document.body.classList.remove("dragged"));
addEventListener("drop", async (event) => {
  event.preventDefault();
  document.body.classList.remove("dragged");
  take(await dropped(event.dataTransfer));
});
addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.ctrlKey) return run.disabled ? undefined : jobs.ask();
  if (event.target.closest("input:not([type=range], [type=checkbox]), textarea, select, dialog")) return undefined;
  if (event.ctrlKey || event.altKey || event.metaKey) return undefined;
  const k = Number(event.key) - 1;
  if (state.shows[k]) {
    state.shows[k].on = !state.shows[k].on;
    table.showState(k);
    stage.showMask(k, state.shows[k].on, state.shows[k].opacity);
  } else if (["+", "-", "0"].includes(event.key)) stage.scale({ "+": 1.25, "-": 1 / 1.25, 0: 0 }[event.key]);
  return undefined;
});

begin();
