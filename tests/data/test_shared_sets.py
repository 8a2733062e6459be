"""The eight real data sets: they load, their reports are read, and what is read meets the masks."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from medsegr.cli.main import main
from medsegr.cognition.lexicon import load_lexicon
from medsegr.cognition.parser import parse_report
from medsegr.data.case import Case
from medsegr.data.check import check_dataset
from medsegr.data.dataset_folder import DatasetFolder
from medsegr.describe.dataset_reports import derive_reports
from medsegr.model.truth import BROADER, match_findings
from tests.shared_data import shared

WITH_TEXT = ("breast_us_text", "cxr_covid_multi", "monuseg_text", "polyp_cvc_text", "skin_ph2_text")
WITHOUT_TEXT = ("brain_mri_lgg", "cardiac_mri_acdc", "ct_covid_lesion")
FEW = 8
LEXICON = load_lexicon()


def few_cases(folder: DatasetFolder) -> Iterator[Case]:
    """Some cases with a report, evenly over the set."""
    names = folder.images()[:: max(1, len(folder.images()) // FEW)][:FEW]
    if folder.has_reports:
        yield from (case for case in (folder.load(name, LEXICON) for name in names) if case.report)
        return
    for each in derive_reports(folder, names, LEXICON):
        yield replace(folder.load(each.image, LEXICON), report=each.report.text, report_origin="derived")


@pytest.mark.parametrize("name", [*WITH_TEXT, *WITHOUT_TEXT])
def test_findings_meet_masks(name: str) -> None:
    folder = DatasetFolder(shared(f"data/{name}"))
    assert folder.has_reports == (name in WITH_TEXT)
    reports = outlined = met = 0
    for case in few_cases(folder):
        reports += 1
        assert case.report_origin == ("real" if name in WITH_TEXT else "derived")
        assert any(mask.any() for mask in case.structures.values()) or name in ("brain_mri_lgg", "breast_us_text")
        findings = parse_report(case.report or "", folder.modality).findings
        assert findings, f"nothing is read in the report of {case.name}"
        matches = [m for m in match_findings(findings, case) if m.finding.presence != "absent"]
        shown = {target for target, mask in case.structures.items() if mask.any()}
        targets: set[str] = set()
        for match in matches:
            if match.mask is None or not match.mask.any():
                continue
            meant = {match.finding.target} & shown or {*BROADER.get(match.finding.target, ())} & shown
            assert meant, f"{match.finding.target} in {case.name} has a mask and no structure"
            targets |= meant
        outlined, met = outlined + len(shown), met + len(shown & targets)
    assert reports >= FEW // 2
    if name == "cxr_covid_multi":  # real notes, which name few of thirteen structures
        assert met >= 2
    else:
        assert met == outlined > 0


@pytest.mark.slow
@pytest.mark.parametrize("name", [*WITH_TEXT, *WITHOUT_TEXT])
def test_no_complaints(name: str) -> None:
    assert check_dataset(shared(f"data/{name}"), load_lexicon().targets) == []


def test_derived_reports_of_a_set_that_cannot_be_written_to(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As docs/data.md says: a folder of links, and the reports beside them."""
    source = shared("data/ct_covid_lesion")
    for part in ("dataset.json", "images", "masks", "split.csv"):
        (tmp_path / part).symlink_to(source / part)
    assert main(["data", "describe", str(tmp_path), "--split", "val"]) == 0
    folder = DatasetFolder(tmp_path)
    assert folder.has_reports
    for name in folder.images("val"):
        assert folder.report_origin(name) == "derived"
        assert parse_report(folder.report(name) or "", folder.modality).findings
    assert not (source / "reports_derived.csv").exists()
