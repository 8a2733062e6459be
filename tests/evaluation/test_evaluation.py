"""A measurement from the cases to the answers."""

from pathlib import Path

import numpy as np
import pytest

from medsegr.cognition.lexicon import load_lexicon
from medsegr.cognition.priors import Finding, Location, Shape, Texture
from medsegr.data.dataset_folder import DatasetFolder
from medsegr.data.phantoms.writer import write_phantoms
from medsegr.errors import ConfigError
from medsegr.evaluation.evaluate import Cohort, evaluate, image_overlaps
from medsegr.evaluation.metrics import Overlap
from medsegr.evaluation.questions import Asked
from medsegr.evaluation.reports import redescribed, told
from medsegr.evaluation.results import false_query_figures
from medsegr.inference.predictor import Predictor, load
from tests.evaluation.made import case_of, described_set, listening

NODULE = Finding("nodule", "present", Location("left", ("upper_zone",)), Texture(("solid",)), Shape(("round",)))


@pytest.fixture(scope="module")
def ct(tmp_path_factory: pytest.TempPathFactory) -> DatasetFolder:
    root = write_phantoms(tmp_path_factory.mktemp("e") / "phantoms", 12, 9, size=64, split="test")
    return DatasetFolder(root / "ct")


@pytest.fixture(scope="module")
def predictor(random_model: Path) -> Predictor:
    return load(random_model)


@pytest.fixture
def films(tmp_path: Path) -> DatasetFolder:
    return DatasetFolder(described_set(tmp_path / "films"))


def test_what_the_model_is_told() -> None:
    other = Finding("nodule", location=Location("right", ("lower_zone",)))
    assert told(NODULE, "true") is NODULE
    assert told(NODULE, "none") == Finding("nodule")
    lent = [NODULE, Finding("mass", texture=Texture(("hazy",))), other]
    assert told(NODULE, "other", lent).location == other.location
    assert not told(NODULE, "no-location").location.stated
    assert told(NODULE, "no-texture").texture == Texture() and told(NODULE, "no-shape").shape == Shape()
    assert redescribed(NODULE, [NODULE, Finding("nodule")]) == Finding("nodule")


def test_a_model_that_listens_is_right_with_the_report_and_wrong_without(films: DatasetFolder) -> None:
    answers = list(evaluate(listening(), films, "test"))
    dice = {mode: [a.overlap.dice for a in answers if a.report == mode and a.role == "described"]
            for mode in ("true", "none")}  # fmt: skip
    assert len(dice["true"]) == 6 and min(dice["true"]) > 0.97
    assert max(dice["none"]) < 0.3
    other = [a for a in answers if a.report == "other"]
    assert np.mean([a.overlap.dice for a in other]) < 0.7 and any(a.overlap.dice == 0 for a in other)
    assert {(a.origin, a.data) for a in answers} == {("real", "films")}
    assert [a.patient for a in answers if a.report == "none"] == ["p0", "p0", "p1", "p1", "p2", "p2"]


def test_everything_is_measured_of_a_mask(films: DatasetFolder) -> None:
    m = next(a for a in evaluate(listening(), films, "test", ("none",)) if a.case == "case0.png")
    truth = films.load("case0.png").structures["nodule"]
    assert m.overlap.true == truth.sum() and m.frame_share == truth.mean() and m.size == "1-5 %"
    assert m.overlap_share == 0.0 and m.hidden == "none"
    assert m.lesions.true == 1 and m.lesions.predicted == 1
    assert m.surface.unit == "px" and 5 < m.surface.hd95 < 30
    assert m.support == 0.98


def test_reports_are_lent_by_other_patients_only(films: DatasetFolder) -> None:
    cohort = Cohort.of(films, "test", lexicon=load_lexicon())
    for name in cohort.names:
        findings = [f for f in cohort.lent(name) if f.target == "nodule"]
        assert len(findings) == 4  # of the two other patients, with two films each
        assert cohort.lent(name) == cohort.lent(name)
    assert Cohort.of(films, "test", seed=1, lexicon=load_lexicon()).lent("case0.png") != cohort.lent("case0.png")


def test_answers_of_phantoms(ct: DatasetFolder, predictor: Predictor) -> None:
    answers = list(evaluate(predictor, ct, "test", ("true", "none", "other", "no-shape"), limit=3, foreign=True))
    assert {a.report for a in answers} == {"true", "none", "other", "no-shape"}
    assert len({a.case for a in answers}) == 3
    described = [a for a in answers if a.role == "described"]
    per_report = [[(a.case, a.finding) for a in described if a.report == mode] for mode in ("true", "none", "other")]
    assert per_report[0] == per_report[1] == per_report[2]
    assert all(a.report == "true" for a in answers if a.role in ("denied", "false", "foreign"))
    assert all(a.support is None and a.overlap.predicted == 0 for a in answers if a.role == "denied")
    assert [a.role for a in answers].count("foreign") == 3
    assert len({(a.case, a.truth) for a in described}) == len(per_report[0])


def test_false_queries_do_not_disturb_the_report(films: DatasetFolder) -> None:
    """What is described is asked in the same company, whether or not something foreign is asked as well."""
    predictor = listening()
    passes = {}
    for foreign in (False, True):
        predictor.passes = 0  # type: ignore[attr-defined]
        answers = list(evaluate(predictor, films, "test", ("true", "none"), foreign=foreign))
        passes[foreign] = predictor.passes  # type: ignore[attr-defined]
        stranger = [a for a in answers if a.role == "foreign"]
        assert len(stranger) == (6 if foreign else 0)
        assert all(a.overlap.predicted == 0 and a.support < 0.1 for a in stranger)  # type: ignore[operator]
    assert passes == {False: 12, True: 18}


def test_words_of_the_own_report_go_with_its_own_findings_alone(films: DatasetFolder) -> None:
    """For models that read words: another patient's findings must not be given this one's."""
    predictor, heard = listening(), []
    segment = predictor.segment

    def listen(image, report, **given):
        heard.append(report.text)
        return segment(image, report, **given)

    predictor.segment = listen  # type: ignore[method-assign]
    for mode, expected in (("true", True), ("none", True), ("other", False)):
        heard.clear()
        list(evaluate(predictor, films, "test", (mode,)))  # type: ignore[arg-type]
        own = [films.report(name) for name in films.images("test")]
        assert heard == (own if expected else [""] * 6)


@pytest.mark.parametrize("reports", [("none", "true"), ("true", "none")])
def test_foreign_queries_count_in_whatever_order_reports_are_asked(films: DatasetFolder, reports) -> None:
    answers = list(evaluate(listening(), films, "test", reports, foreign=True))
    assert {a.report for a in answers if a.role == "foreign"} == {"true"}
    assert false_query_figures(answers, {"films": 0.5})["kinds"]["foreign"]["asked"] == 6


def halves() -> tuple[np.ndarray, np.ndarray]:
    left, right = np.zeros((8, 12), bool), np.zeros((8, 12), bool)
    left[:4, 8:], right[:4, :4] = True, True
    return left, right


def test_findings_of_one_target_are_taken_together_per_image() -> None:
    (left, right), heart, nothing = halves(), np.zeros((8, 12), bool), np.zeros((8, 12), bool)
    heart[:, 5:7] = True
    asked = [
        Asked(Finding("nodule", location=Location("left")), left, "described"),
        Asked(Finding("nodule", location=Location("right")), right, "described"),
        Asked(Finding("heart"), heart, "named"),
        Asked(Finding("nodule"), nothing, "false"),
    ]
    case = case_of({"nodule": left | right, "heart": heart}, shape=(8, 12))
    found = image_overlaps(case, asked, dict(enumerate([left | right, left, heart, right])))
    assert found[0] == found[1] == Overlap(both=32, predicted=32, true=32)  # each lung opacity alone: 0.67 and 0
    assert found[2] == Overlap.of(heart, heart) and found[3] == Overlap(both=0, predicted=16, true=0)


def test_an_image_whose_report_tells_of_one_side_alone_is_held_against_the_whole_mask() -> None:
    left, right = halves()
    asked = [Asked(Finding("nodule", location=Location("left")), left, "described")]
    whole = case_of({"nodule": left | right}, shape=(8, 12))
    assert image_overlaps(whole, asked, {0: left})[0] == Overlap(both=16, predicted=16, true=32)
    recorded = case_of({"nodule": left | right}, {"1": ("nodule", left)}, shape=(8, 12))
    assert image_overlaps(recorded, asked, {0: left})[0] == Overlap(both=16, predicted=16, true=16)  # one is meant


def test_wrong_questions(ct: DatasetFolder, predictor: Predictor) -> None:
    with pytest.raises(ConfigError, match="Unknown report 'false'"):
        list(evaluate(predictor, ct, "test", ("false",)))  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="named twice in true, true"):
        list(evaluate(predictor, ct, "test", ("true", "true")))
    with pytest.raises(ConfigError, match="no case in split 'val'"):
        list(evaluate(predictor, ct, "val"))
    with pytest.raises(ConfigError, match="limit is 0"):
        list(evaluate(predictor, ct, "test", limit=0))
