// The report's words in their colours: what was read, of which finding, and what was not.

const byId = (id) => document.getElementById(id);

/** Show what a report says. Offsets count characters as Python does, not the halves that JavaScript counts. */
export function showWords(text, priors, lexicon) {
  byId("read").hidden = !text.trim();
  const letters = Array.from(text);
  const cuts = new Set([0, letters.length]);
  for (const [start, end] of [...priors.words.map((word) => word.span), ...priors.not_read]) cuts.add(start).add(end);
  const places = [...cuts].sort((a, b) => a - b);
  const pieces = places.slice(1).map((end, k) => piece(letters, places[k], end, priors, lexicon));
  byId("words").replaceChildren(...pieces);
  showLegend(priors, lexicon);
  const missed = priors.not_read.map(([start, end]) => `“${letters.slice(start, end).join("").trim()}”`);
  byId("unread").textContent = missed.length
    ? `Not read, though it looks like a finding: ${missed.join(", ")}.`
    : priors.findings.length
      ? ""
      : "No finding was read in this text.";
}

function piece(letters, start, end, priors, lexicon) {
  const text = letters.slice(start, end).join("");
  const words = priors.words.filter(({ span }) => span[0] <= start && end <= span[1]);
  const unread = priors.not_read.some((span) => span[0] <= start && end <= span[1]);
  if (!words.length && !unread) return text;
  const mark = document.createElement(words.length ? "mark" : "span");
  mark.textContent = text;
  if (unread) mark.classList.add("unread");
  if (!words.length) {
    mark.title = "not read";
    return mark;
  }
  const aspect = lexicon.aspects.find((one) => one.name === words[0].aspect);
  mark.style.background = aspect.colour;
  const findings = [...new Set(words.map((word) => word.finding))];
  mark.style.boxShadow = findings
    .map((number, k) => `0 ${3 * (k + 1)}px 0 ${colourOf(number, lexicon)}`)
    .join(", ");
  mark.style.marginBottom = `${3 * findings.length}px`;
  mark.title = `${aspect.words}: ${findings.map((number) => plainName(priors.findings[number])).join("; ")}`;
  return mark;
}

function showLegend(priors, lexicon) {
  const used = new Set(priors.words.map((word) => word.aspect));
  const entries = lexicon.aspects.filter((one) => used.has(one.name)).map((one) => {
    const entry = document.createElement("li");
    const mark = document.createElement("mark");
    mark.style.background = one.colour;
    mark.textContent = one.words;
    entry.append(mark);
    return entry;
  });
  if (priors.not_read.length) {
    const entry = document.createElement("li");
    const mark = document.createElement("span");
    mark.className = "unread";
    mark.textContent = "not read";
    entry.append(mark);
    entries.push(entry);
  }
  byId("legend").replaceChildren(...entries);
}

export const colourOf = (number, lexicon) => lexicon.finding_colours[number % lexicon.finding_colours.length];

export const plain = (name) => name.replaceAll("_", " ");

/** `nodule`, right, upper lobe -> `Nodule, right upper lobe`; as in pictures and DICOM. */
export function plainName({ target, laterality, zones }) {
  const place = zones.slice(0, 2).map(plain);
  if (laterality && !target.split("_").includes(laterality)) place.unshift(laterality);
  const name = plain(target);
  return name[0].toUpperCase() + name.slice(1) + (place.length ? `, ${place.slice(0, 2).join(" ")}` : "");
}

/** Names of findings in a result, by which clicks are sent; as the library makes them. */
export function uniqueIds(findings) {
  const seen = new Map();
  return findings.map(({ target, laterality }) => {
    const name = laterality && !target.split("_").includes(laterality) ? `${target}-${laterality}` : target;
    seen.set(name, (seen.get(name) ?? 0) + 1);
    return seen.get(name) === 1 ? name : `${name}-${seen.get(name)}`;
  });
}
