"""Two runs side by side: files written, read and paired; what is refused."""

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from medsegr.errors import ConfigError, InputError
from medsegr.evaluation.answer import Answer
from medsegr.evaluation.compare import compare_runs
from medsegr.evaluation.run_files import COLUMNS, SCHEMA, per_case, read_run, write_results
from tests.evaluation.made import answer, disc

TRUTHS = [disc(0.5, 0.03 + 0.02 * k) for k in range(8)]
SETTINGS = {"tolerance": {"mm": 2.0, "px": 2.0}, "lesion_overlap": 0.1}


def answers(shift: int, **changes) -> list[Answer]:
    """Eight cases of four patients, each mask moved by some pixels."""
    return [
        answer(np.roll(truth, shift, 1), truth, case=f"c{k}", patient=f"p{k // 2}", content="x", **changes)
        for k, truth in enumerate(TRUTHS)
    ]


def run(folder: Path, listed: list[Answer], **settings) -> Path:
    folder.mkdir()
    model = {"name": folder.name, "weights": None}
    record = {"settings": {**SETTINGS, **settings}, "model": model, "time": "now", "data": [], "split": "test"}
    write_results(folder, record, listed)
    return folder


def compared(tmp_path: Path, first: list[Answer], second: list[Answer], *ways: str, **settings) -> dict:
    runs = [read_run(run(tmp_path / "one", first)), read_run(run(tmp_path / "two", second, **settings))]
    return compare_runs(*runs, *ways)


def test_a_line_holds_what_was_measured_and_no_more() -> None:
    listed = answers(2)
    rows = list(csv.DictReader(io.StringIO(per_case(listed))))
    assert list(rows[0]) == list(COLUMNS) and len(rows) == 8
    for row, a in zip(rows, listed, strict=True):
        assert float(row["dice"]) == pytest.approx(a.overlap.dice, abs=1e-6)
        assert float(row["hd95"]) == pytest.approx(a.surface.hd95, abs=1e-6) and row["unit"] == "px"
        assert (row["size"], row["overlap"], row["truth"]) == (a.size, a.hidden, a.truth)
        assert int(row["both_px"]) == a.overlap.both and row["transunet_rule_dice"] == row["dice"]


def test_differences_are_second_minus_first(tmp_path: Path) -> None:
    found = compared(tmp_path, answers(3), answers(1))
    measures = found["origins"]["real"]["true"]["measures"]
    gain = np.mean([b.overlap.dice - a.overlap.dice for a, b in zip(answers(3), answers(1), strict=True)])
    assert measures["dice"]["difference"] == pytest.approx(gain, abs=1e-4) and gain > 0
    assert measures["dice"]["findings"] == 8 and measures["dice"]["patients"] == 4
    assert measures["dice"]["interval"][0] > 0 and measures["dice"]["rank_biserial"] == 1.0
    assert measures["hd95_px"]["difference"] == pytest.approx(-2.0, abs=0.3)
    assert set(measures) == {"dice", "iou", "nsd_px", "hd95_px"}
    assert list(found["origins"]["real"]["true"]["strata"]["size"]) == ["< 1 %", "1-5 %", "> 5 %"]
    assert found["pairs"] == 8 and found["only_in_first"] == found["only_in_second"] == found["other_content"] == 0
    json.dumps(found, allow_nan=False)


def test_a_run_against_itself_differs_in_nothing(tmp_path: Path) -> None:
    dice = compared(tmp_path, answers(2), answers(2))["origins"]["real"]["true"]["measures"]["dice"]
    assert dice["difference"] == 0.0 and dice["wilcoxon_p"] == 1.0 and dice["cohens_dz"] is None


def test_what_is_in_one_run_only_is_counted(tmp_path: Path) -> None:
    found = compared(tmp_path, answers(2)[:5], answers(1)[2:])
    assert (found["pairs"], found["only_in_first"], found["only_in_second"]) == (3, 2, 3)


def test_empty_truths_are_errors_and_not_means(tmp_path: Path) -> None:
    nothing = np.zeros_like(TRUTHS[0])
    alarm = answer(TRUTHS[0], nothing, case="e", role="named")
    quiet = answer(nothing, nothing, case="e", role="named")
    found = compared(tmp_path, [*answers(1), alarm], [*answers(1), quiet])["origins"]["real"]["true"]
    assert found["measures"]["dice"]["findings"] == 8
    assert found["errors"]["first"]["false_alarms"] == 1 and found["errors"]["second"]["false_alarms"] == 0


def test_ways_of_asking_across_runs_or_within_one(tmp_path: Path) -> None:
    both = [*answers(3, report="none"), *answers(1)]
    found = compared(tmp_path, both, both, "none", "true")
    assert list(found["origins"]["real"]) == ["none -> true"] and found["pairs"] == 8
    assert found["origins"]["real"]["none -> true"]["measures"]["dice"]["difference"] > 0
    assert found["only_in_first"] == found["only_in_second"] == 0


def test_origins_have_tables_of_their_own(tmp_path: Path) -> None:
    def with_two(shift: int) -> list[Answer]:
        return [*answers(shift), *(replace(a, data="masks", origin="derived") for a in answers(0))]

    found = compared(tmp_path, with_two(2), with_two(1))
    assert list(found["origins"]) == ["real", "derived"]
    assert found["origins"]["derived"]["true"]["measures"]["dice"]["difference"] == 0.0
    assert found["origins"]["real"]["true"]["measures"]["dice"]["findings"] == 8


def test_other_reports_of_the_same_cases_are_not_compared(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="real and those of the other derived"):
        compared(tmp_path, answers(1), answers(1, origin="derived"))


def test_no_common_case_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no case in common"):
        compared(tmp_path, answers(1), [replace(a, data="elsewhere") for a in answers(1)])


def test_other_truths_are_refused(tmp_path: Path) -> None:
    other = answers(1)
    other[3] = answer(TRUTHS[4], TRUTHS[4], case="c3")
    with pytest.raises(InputError, match=r"1 of 8 common findings have other truths .* c3 \(made\)"):
        compared(tmp_path, answers(1), other)


def test_other_tolerances_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="another tolerance"):
        compared(tmp_path, answers(1), answers(1), tolerance={"mm": 1.0, "px": 2.0})


def test_wrong_ways_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="has no report 'other'; it has: true"):
        compared(tmp_path, answers(1), answers(1), "true", "other")
    one = read_run(tmp_path / "one")
    with pytest.raises(ConfigError, match="name it for both"):
        compare_runs(one, one, "true")


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read as a run"):
        read_run(tmp_path / "nowhere")
    folder = run(tmp_path / "run", answers(1))
    (folder / "results.json").write_text('{"schema": "medsegr.results/1"}')
    with pytest.raises(InputError, match="'medsegr.results/1'; expected 'medsegr.results/3'"):
        read_run(folder)
    (folder / "results.json").write_text("[]")
    with pytest.raises(InputError, match="schema None"):
        read_run(folder)
    (folder / "results.json").write_text(json.dumps({"schema": SCHEMA}))
    lines = (folder / "per_case.csv").read_text().splitlines()
    for broken, message in (
        ([lines[0].replace("truth", "trust"), *lines[1:]], "column 'truth' is missing"),
        ([lines[0], lines[1], "a,b"], "line 3 is incomplete"),
        ([lines[0], lines[1].replace("made,c0", "made,c0,extra")], "line 2 is incomplete"),
    ):
        (folder / "per_case.csv").write_text("\n".join(broken) + "\n")
        with pytest.raises(InputError, match=message):
            read_run(folder)
