"""The pages say what the records say."""

import re

import pytest
from benchmarks.figures import Figure
from benchmarks.record import RESULTS, read_record

from benchmarks import aims, markdown, pages

UNKNOWN = float("nan")


@pytest.mark.slow
def test_pages_are_up_to_date(monkeypatch, tmp_path):
    monkeypatch.setattr(pages, "draw", lambda known, path: None)
    for path, text in pages.pages().items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name}: run make results"


def test_the_first_page_fits_a_screen_and_records_are_small():
    assert len((pages.DOCS / "results.md").read_text(encoding="utf-8").splitlines()) <= 120
    assert sum(path.stat().st_size for path in RESULTS.rglob("*") if path.is_file()) < 3e6


def test_tables_on_pages_that_are_written_by_hand_are_up_to_date():
    loaded = pages.environment()
    for block, (page, name) in pages.BLOCKS.items():
        text = (pages.DOCS / page).read_text(encoding="utf-8")
        content = loaded.get_template(f"{block}_block.md.j2").render(record=read_record(name))
        assert pages.filled(text, block, re.sub(r"\n{3,}", "\n\n", content)) == text, f"{page}: run make results"


def test_pages_name_the_commit_of_commands_that_run_no_more():
    for name in (*(name for name in RESULTS.glob("*.json") if "grid" in read_record(name.stem)), RESULTS / "box.json"):
        foot = (pages.DOCS / "results" / f"{name.stem}.md").read_text(encoding="utf-8").splitlines()[-1]
        assert re.search("at commit [0-9a-f]{7}; not since", foot)


def test_shares_of_the_processors_time_have_no_service():
    template = pages.environment().get_template("again_block.md.j2")
    known = read_record("asking_again") | {"clock": "processor", "edit": {"operations": 0.587, "embedding": 0.004}}
    known.pop("service", None)
    told = template.render(record=known)
    assert "shares of the processor's time of the first question" in told and "service" not in told
    assert {line.count("|") for line in told.splitlines() if line.startswith("|")} == {3}
    assert "59 % of the first question's operations" in told and "no window" not in told
    known["edit"]["embedding"] = 0.2
    assert "by 20 % at its median cell: " in template.render(record=known)
    assert "no window of the picture" in template.render(record=known)


def test_figures_as_cells():
    told = Figure(-0.00004, -0.0132, 0.02)
    assert (
        markdown.points(told) == "+0.0 (-1.3 to +2.0)" and markdown.percent(Figure(0.923, UNKNOWN, UNKNOWN)) == "92 %"
    )
    assert markdown.dice(Figure(0.5, 0.25, 0.75)) == "0.500 (0.250 to 0.750)"
    assert markdown.dice(None) == "-" and markdown.percent(told, 1) == "0.0 % (-1.3 to 2.0)"
    assert [markdown.cell(value) for value in (0.1234, None, "x", 3)] == ["0.123", "-", "x", "3"]


def test_aims_are_held_against_their_figures(monkeypatch, tmp_path):
    text = """
- {words: high, at_least: 20, figure: [grid, a]}
- {words: low, at_most: 10, figure: [grid, b]}
- {words: sure, at_least: 3, for_sure: true, figure: [grid, c]}
- {words: image, at_least: 0, figure: [grid, d]}
- {words: less, at_least: -8, figure: [grid, a], less: [grid, b]}
- {words: study, at_least: 80, reached: [80.1, 78.3, 82.1]}
- {words: missing, at_least: 0, figure: [grid, e, f]}
"""
    monkeypatch.setattr(aims, "FILE", tmp_path / "aims.yaml")
    aims.FILE.write_text(text)
    figures = {"a": Figure(0.2, 0.1, 0.3), "b": Figure(0.11, 0.0, 0.2), "c": Figure(0.04, -0.01, 0.09),
               "d": Figure(0.1), "d, per image": Figure(-0.1)}  # fmt: skip
    found = aims.aims_of({"grid": figures})
    assert {aim.words: aim.met for aim in found} == {
        "high": True, "low": False, "sure": False, "image": False, "less": True, "study": True,
    }  # fmt: skip
    assert found[4].reached.value == pytest.approx(9)


def test_every_aim_has_a_bound_and_a_way_to_its_figure():
    told = aims.yaml.safe_load(aims.FILE.read_text(encoding="utf-8"))
    assert len(told) == 62
    assert all(("at_least" in aim) != ("at_most" in aim) and ("figure" in aim) != ("reached" in aim) for aim in told)
