"""What a case is asked, and what is true of it."""

from dataclasses import replace
from pathlib import Path

import pytest

from medsegr.cognition.lexicon import load_lexicon
from medsegr.data.dataset_folder import DatasetFolder
from medsegr.data.phantoms.writer import write_phantoms
from medsegr.evaluation.questions import foreign_question, questions_of
from tests.evaluation.made import described_set

LEXICON = load_lexicon()


@pytest.fixture(scope="module")
def xray(tmp_path_factory: pytest.TempPathFactory) -> DatasetFolder:
    return DatasetFolder(write_phantoms(tmp_path_factory.mktemp("q") / "phantoms", 12, 9, size=64) / "xray")


def test_questions_have_the_truth_of_the_records(xray: DatasetFolder) -> None:
    seen = set()
    for name in xray.images():
        case = xray.load(name, LEXICON)
        asked = questions_of(case, xray, LEXICON)
        roles = [question.role for question in asked]
        seen |= set(roles)
        described = [r for r in case.findings if r.role == "described" and r.presence != "absent"]
        assert roles.count("described") == len(described)
        assert roles.count("false") == [record.role for record in case.findings].count("false")
        assert all(q.truth.any() == (q.role == "described") for q in asked)
    assert seen >= {"described", "false"}


def test_structures_that_the_report_does_not_speak_of_are_named(tmp_path: Path) -> None:
    folder = DatasetFolder(described_set(tmp_path / "films", 2))
    case = folder.load("case0.png", LEXICON)
    assert [(q.finding.target, q.role) for q in questions_of(case, folder, LEXICON)] == [
        ("nodule", "described"), ("pneumothorax", "denied"),
    ]  # fmt: skip
    silent = questions_of(replace(case, report=None), folder, LEXICON)
    assert [(q.finding.target, q.role, bool(q.truth.any())) for q in silent] == [
        ("nodule", "named", True), ("pneumothorax", "named", False),
    ]  # fmt: skip


def test_foreign_targets_cannot_be_in_the_picture(xray: DatasetFolder) -> None:
    case, targets = xray.load(xray.images()[0], LEXICON), LEXICON.targets
    drawn = set()
    for seed in range(40):
        question = foreign_question(case, xray, LEXICON, seed)
        assert question is not None and question.role == "foreign" and not question.truth.any()
        assert question == foreign_question(case, xray, LEXICON, seed) or question.finding.target
        drawn.add(question.finding.target)
        assert question.finding == question.finding.named_only()
    assert len(drawn) > 10
    assert not {targets[name].region for name in drawn} & {"any", "chest", "heart", "breast", "abdomen"}
    assert foreign_question(case, xray, LEXICON, 3).finding == foreign_question(case, xray, LEXICON, 3).finding  # type: ignore[union-attr]


def test_without_a_modality_nothing_is_foreign(xray: DatasetFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    case = xray.load(xray.images()[0], LEXICON)
    monkeypatch.setattr(xray, "modality", None)
    assert foreign_question(replace(case, image=replace(case.image, modality=None)), xray, LEXICON) is None
