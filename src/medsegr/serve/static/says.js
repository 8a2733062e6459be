// What the page says: where the work stands, what went wrong, what to know.

const byId = (id) => document.getElementById(id);
const STAGES = { reading: "Reading the picture…", segmenting: "Outlining…", writing: "Almost done…" };

export function status(words) {
  if (byId("status").textContent !== words) byId("status").textContent = words;
}

export function problem(error) {
  status("");
  byId("problem").textContent = error.message;
  byId("problem").hidden = false;
}

/** Ask for the service's token, once; it goes to `use`. */
export function askForToken(use) {
  const dialog = byId("token");
  if (dialog.open) return;
  dialog.addEventListener("close", () => use(byId("token-value").value), { once: true });
  dialog.showModal();
}

export function calm() {
  byId("problem").hidden = true;
}

export function busy(on, words) {
  document.body.classList.toggle("busy", on);
  byId("stage").setAttribute("aria-busy", String(on));
  byId("cancel").hidden = !on;
  if (words) status(words);
}

export function progress(job) {
  busy(true, job.state === "queued" ? "Waiting for the model…" : (STAGES[job.stage] ?? "Working…"));
}

export function done(findings, milliseconds) {
  const outlined = findings.filter((one) => !one.reason).length;
  const none = findings.length - outlined;
  const told = [`${outlined} ${outlined === 1 ? "mask" : "masks"}`, ...(none ? [`${none} without`] : [])];
  status(findings.length ? `Done: ${told.join(", ")} (${(milliseconds / 1000).toFixed(1)} s).` : "The picture is here.");
}

/** Warnings but those of one finding, which stand in its row, and hints for the command line. */
export function general({ warnings, findings }) {
  const own = findings.filter((one) => one.reason).map((one) => `${one.id}: `);
  return warnings.filter((line) => !own.some((id) => line.startsWith(id)) && !line.includes("--untrained"));
}

export function list(id, lines) {
  byId(id).replaceChildren(...lines.map((line) => Object.assign(document.createElement("li"), { textContent: line })));
}
