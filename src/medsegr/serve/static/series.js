// Which series of a study is shown, where a file or archive holds several.

const [row, select] = ["series-row", "series"].map((id) => document.getElementById(id));

/** Tells `changed(number)`, as a text. */
export class Series {
  constructor(changed) {
    select.addEventListener("change", () => changed(select.value));
  }

  /** What a view says of them. */
  open({ series, chosen }) {
    select.replaceChildren(...series.map((words, k) => new Option(words, String(k + 1))));
    if (chosen) select.value = chosen;
    row.hidden = series.length < 2;
  }

  close() {
    row.hidden = true;
  }
}
