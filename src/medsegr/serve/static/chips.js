// A cell that holds several names of the lexicon: each with a button that takes it away, and a list to add one.

import { plain } from "./report.js";

/** Element for the names in `list`, which it changes; `groups`: heading -> names that may be added. */
export function chips(label, list, groups, changed) {
  const cell = document.createElement("div");
  cell.className = "chips";
  const draw = (focus) => {
    cell.replaceChildren(...list.map(taking), adding());
    if (focus) cell.lastElementChild.focus();
  };
  const taking = (name) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "chip";
    button.textContent = plain(name);
    button.setAttribute("aria-label", `${label}: take away ${plain(name)}`);
    button.addEventListener("click", () => {
      list.splice(list.indexOf(name), 1);
      draw(true);
      changed();
    });
    return button;
  };
  const adding = () => {
    const select = document.createElement("select");
    select.className = "add";
    select.setAttribute("aria-label", `${label}: add`);
    select.append(new Option("add…", ""));
    for (const [heading, names] of groups) {
      const group = document.createElement("optgroup");
      group.label = plain(heading);
      group.append(...names.filter((name) => !list.includes(name)).map((name) => new Option(plain(name), name)));
      if (group.children.length) select.append(group);
    }
    select.addEventListener("change", () => {
      list.push(select.value);
      draw(true);
      changed();
    });
    return select;
  };
  draw(false);
  return cell;
}

/** Entries of the lexicon by a field of theirs. */
export function grouped(entries, field) {
  const groups = new Map();
  for (const entry of entries) groups.set(entry[field], [...(groups.get(entry[field]) ?? []), entry.name]);
  return [...groups];
}

/** Zones that a kind of picture can show, its own regions first; all of them where the kind is not known. */
export function zonesOf(modality, lexicon) {
  const kind = lexicon.modalities.find((one) => one.name === modality);
  const fits = (zone) => !kind || zone.frame === "image" || ["any", ...kind.regions].includes(zone.region);
  const zones = lexicon.zones.filter(fits);
  return grouped(zones.map((zone) => ({ ...zone, region: zone.frame === "image" ? "of the picture" : zone.region })), "region");
}
