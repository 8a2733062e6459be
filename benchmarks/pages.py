"""docs/results.md, and a page for each record under docs/results, from the records: ``make results``.

python -m benchmarks.pages
"""

import re
from pathlib import Path
from typing import Any

import jinja2
import yaml

from benchmarks import groups, markdown
from benchmarks.aims import aims_of
from benchmarks.answers import FAMILIES, FOLDER, kept
from benchmarks.box_figures import WAYS, box_figures, boxes, share_figures
from benchmarks.chart import draw, draw_growth
from benchmarks.figures import Figure, by_name
from benchmarks.record import RESULTS, read_record
from medsegr.bench.spread import told_floor
from medsegr.bench.stage_clock import STAGES
from medsegr.evaluation.strata import SIZES

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
BLOCKS = {"hosts": ("hosts.md", "hosts"), "sets": ("data.md", "data_sets"), "suite": ("data.md", "data_sets"),
          "load": ("service.md", "serve_load"), "again": ("asking_again.md", "asking_again"),
          "folders": ("folders.md", "folders"), "estimate": ("folders.md", "folders"),
          "trunk": ("training.md", "trunk_cache"), "speed": ("speed.md", "speed"),
          "cold": ("speed.md", "before_and_now"), "dice": ("backends.md", "backend_dice"),
          "backends": ("backends.md", "backends"), "vit_b": ("backends.md", "backends_vit_b")}  # fmt: skip
"""Block of a page that is written by hand otherwise -> that page and the record that it is made of."""

ORIGINS = {"real": "real reports", "derived": "reports derived from the masks", "none": "structures by name"}
ARMS = ("host", "late", "full", "unet")


def records() -> dict[str, dict[str, Any]]:
    """All results files by name; of grids and sets of answers with their ``figures``."""
    found = {path.stem: read_record(path.stem) for path in sorted(RESULTS.glob("*.json"))}
    for name, record in found.items():
        if "arms" in record.get("grid", record) and (FOLDER / f"{name}.csv.gz").is_file():
            rows = kept(name)
            record["figures"] = groups.figures_of(rows)
            record["by_name"] = {data: by_name(of) for data, of in rows[rows.arm == "lite"].groupby("data")}
        elif "families" in record:
            record["figures"] = card_figures(record)
    return found


def card_figures(record: dict[str, Any]) -> dict[str, Any]:
    """Family -> origin -> group -> way of asking -> what the change costs; ``true``: the Dice."""

    def figure(way: str, found: dict[str, Any]) -> Figure:
        value, bounds = ("dice", "interval") if way == "true" else ("cost", "cost_interval")
        return Figure(found[value], *(found[bounds] or (float("nan"),) * 2), found["findings"])

    return {
        family: {
            origin: {group: {way: figure(way, found) for way, found in ways.items()} for group, ways in of.items()}
            for origin, of in origins.items()
        }
        for family, origins in record["families"].items()
    }


def filled(text: str, block: str, content: str) -> str:
    """A page's text with other content between the marks of a block."""
    before, mark, rest = text.partition(f"<!-- {block} -->\n")
    return before + mark + content.strip("\n") + "\n<!-- end -->" + rest.partition("<!-- end -->")[2]


def write_block(block: str) -> None:
    """Make one block anew, from its record, in the page as it is."""
    page, name = BLOCKS[block]
    content = environment().get_template(f"{block}_block.md.j2").render(record=read_record(name))
    (DOCS / page).write_text(filled((DOCS / page).read_text("utf-8"), block, content), encoding="utf-8")


def box_page(known: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Figures of the expert's box, and of every arm that was asked for the same findings of a LiteMedSAM."""
    rows, shares = boxes(), {}
    for name, record in known.items():
        if name.startswith(("built_in", "lite_all_sets")) or record.get("grid", {}).get("host") == "lite_medsam":
            arms = kept(name)
            for data, found in share_figures(rows, arms[arms.arm != "tiny"]).items():
                shares.setdefault(data, {}).update(found)
    return {"boxes": box_figures(rows), "shares": shares}


def environment() -> jinja2.Environment:
    """Templates with the filters and words that all pages share."""
    loaded = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True, undefined=jinja2.StrictUndefined,
    )  # fmt: skip
    loaded.filters |= {name: getattr(markdown, name) for name in ("dice", "points", "percent", "cell")}
    loaded.filters["told_floor"] = told_floor
    loaded.filters["label"] = lambda group: re.sub("^(data|suite) ", "", group)
    loaded.globals |= {name: getattr(groups, name) for name in dir(groups) if name.isupper()}
    loaded.globals |= {"FAMILIES": FAMILIES, "ORIGINS": ORIGINS, "ARMS": ARMS, "WAYS": WAYS[:-1], "SIZES": SIZES,
                       "STAGES": STAGES}  # fmt: skip
    return loaded


def pages() -> dict[Path, str]:
    """Path -> text of all pages."""
    known, loaded = records(), environment()
    known["box"] = box_page(known)
    aims = aims_of(known)
    studies = yaml.safe_load(loaded.from_string((RESULTS / "studies.yaml").read_text("utf-8")).render(records=known))
    told = {"records": known, "aims": aims, "studies": studies}
    grids = {name: record for name, record in known.items() if "grid" in record and "figures" in record}
    page, commits = loaded.get_template("grid.md.j2"), studies["grids"]
    found = {DOCS / "results" / f"{name}.md": page.render(record=record, name=name, commit=commits.get(name))
             for name, record in grids.items()}  # fmt: skip
    for name in ("aims", "box", "built_in", "report_card"):
        found[DOCS / "results" / f"{name}.md"] = loaded.get_template(f"{name}.md.j2").render(told)
    for name in ("parser", "studies"):
        found[DOCS / f"{name}.md"] = loaded.get_template(f"{name}.md.j2").render(told)
    found[DOCS / "results.md"] = loaded.get_template("results.md.j2").render(told, grids=grids)
    for block, (page, name) in BLOCKS.items():
        content = loaded.get_template(f"{block}_block.md.j2").render(record=known[name])
        found[DOCS / page] = filled(found.get(DOCS / page) or (DOCS / page).read_text("utf-8"), block, content)
    draw(known, DOCS / "images" / "results.svg")
    draw_growth(known["speed"]["growth"], DOCS / "images" / "speed.svg")
    return {path: re.sub(r"\n{3,}", "\n\n", text) for path, text in found.items()}


if __name__ == "__main__":
    for place, text in pages().items():
        place.write_text(text, encoding="utf-8")
        print(place.relative_to(ROOT))
