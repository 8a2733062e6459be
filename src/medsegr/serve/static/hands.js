// What hands do: files dropped or chosen, the report typed, buttons and keys.

import { dropped } from "./files.js";

const byId = (id) => document.getElementById(id);
const PAUSE_MS = 350;

/**
 * Tells `take(files)`, `read(meant)`, `kind()`, `run()`, `draw()`, `stop()`, `add(name)`, `toggle(k)` and `scale(factor)`;
 * `meant`: whether the text was typed while a question was at work (`busy()`), which then is asked again.
 * What it returns reads at once what was just typed.
 */
export function listen(told) {
  let [typing, meant] = [0, false];
  const read = () => {
    clearTimeout(typing);
    const given = meant;
    [typing, meant] = [0, false];
    return told.read(given);
  };
  byId("report").addEventListener("input", () => {
    clearTimeout(typing);
    meant ||= told.busy();
    typing = setTimeout(read, PAUSE_MS);
  });
  byId("modality").addEventListener("change", told.kind);
  byId("run").addEventListener("click", told.run);
  byId("draw").addEventListener("change", told.draw);
  byId("cancel").addEventListener("click", told.stop);
  byId("file").addEventListener("change", (event) => {
    told.take([...event.target.files]);
    event.target.value = "";
  });
  byId("add").addEventListener("submit", (event) => {
    event.preventDefault();
    if (told.add(byId("target").value)) byId("target").value = "";
  });
  byId("help-button").addEventListener("click", () => byId("help").showModal());
  addEventListener("keydown", (event) => key(event, told));
  listenToDrops(told);
  return async () => typing && read();
}

function listenToDrops(told) {
  for (const name of ["dragenter", "dragover"])
    addEventListener(name, (event) => {
      event.preventDefault();
      document.body.classList.add("dragged");
    });
  addEventListener("dragleave", (event) => event.relatedTarget ?? document.body.classList.remove("dragged"));
  addEventListener("drop", async (event) => {
    event.preventDefault();
    document.body.classList.remove("dragged");
    told.take(await dropped(event.dataTransfer));
  });
}

function key(event, told) {
  if (event.key === "Enter" && event.ctrlKey) told.run();
  if (event.target.closest("input:not([type=range], [type=checkbox]), textarea, select, dialog")) return;
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const factor = { "+": 1.25, "-": 1 / 1.25, 0: 0 }[event.key];
  if (factor !== undefined) told.scale(factor);
  else if (/^[1-9]$/.test(event.key)) told.toggle(Number(event.key) - 1);
}
