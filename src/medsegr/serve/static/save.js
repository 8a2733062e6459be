// What can be taken away: the picture as it is seen, and the files of the service.

import { ask } from "./api.js";

const LONGEST = 1024;
const buttons = [...document.querySelectorAll("[data-save]")];

/** Tells `png()`, which draws, and `failed(error)`; files are those of the job that `open` names. */
export class Saves {
  constructor(told) {
    Object.assign(this, { told, job: null });
    for (const button of buttons)
      button.addEventListener("click", () => this.#save(button.dataset.save).catch(told.failed));
  }

  open(job, dicom) {
    this.job = job;
    for (const button of buttons) {
      const name = button.dataset.save;
      button.disabled = !(job && (["png", "zip"].includes(name) || job.files.includes(name)));
    }
    const why = [];
    if (job && !dicom) why.push("DICOM-SEG needs a DICOM picture, which gives patient and place.");
    if (job && !job.files.includes("masks.nii.gz")) why.push("There is no mask to save.");
    document.getElementById("save-says").textContent = why.join(" ");
  }

  async #save(name) {
    if (name === "png") return hand(await this.told.png(), "medsegr.png");
    const path = `/v1/jobs/${this.job.id}/`;
    const answer = await ask(path + (name === "zip" ? "result.zip" : `files/${name}`));
    return hand(await answer.blob(), name === "zip" ? "medsegr.zip" : name);
  }
}

function hand(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** The stage as a PNG: picture, map, masks with their switches and opacities, letters of the sides. */
export async function picture(stage) {
  const { view, base, map, masks } = stage;
  const size = [view.width, view.height * view.aspect];
  const scale = Math.max(1, LONGEST / Math.max(...size));
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = size.map((side) => Math.round(side * scale));
  const context = canvas.getContext("2d");
  context.drawImage(base, 0, 0, canvas.width, canvas.height);
  if (!map.hidden) context.drawImage(map, 0, 0, canvas.width, canvas.height);
  const onto = new DOMMatrix([canvas.width / view.width, 0, 0, canvas.height / view.height, 0, 0]);
  for (const mask of masks.filter((one) => one.shown && one.path)) {
    const path = new Path2D();
    path.addPath(new Path2D(mask.path), onto);
    context.globalAlpha = mask.filled ? mask.opacity * 0.3 : 0;
    context.fillStyle = context.strokeStyle = mask.colour;
    context.fill(path, "evenodd");
    context.globalAlpha = mask.opacity;
    context.lineWidth = canvas.width / 400;
    context.setLineDash(mask.dashed ? [canvas.width / 100, canvas.width / 150] : []);
    context.stroke(path);
  }
  if (view.patient_sides) letters(context, canvas);
  return new Promise((done) => canvas.toBlob(done, "image/png"));
}

function letters(context, { width, height }) {
  Object.assign(context, { globalAlpha: 1, fillStyle: "white", strokeStyle: "black", lineWidth: width / 200 });
  context.setLineDash([]);
  context.font = `bold ${width / 24}px sans-serif`;
  context.textBaseline = "top";
  for (const [letter, x, align] of [["R", 0.015, "left"], ["L", 0.985, "right"]]) {
    context.textAlign = align;
    context.strokeText(letter, x * width, 0.015 * height);
    context.fillText(letter, x * width, 0.015 * height);
  }
}
