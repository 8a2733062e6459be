"""What the parser reads from reports: presence, places, attributes, and the words that say so."""

import importlib.util

import pytest

from medsegr.cognition.lexicon import load_lexicon
from medsegr.cognition.parser import guess_modality, parse_report
from medsegr.cognition.priors import Finding, Location
from medsegr.data.phantoms.study import generate_study
from medsegr.errors import ConfigError, ReportError
from tests.shared_data import shared


def read(text: str, modality: str | None = "chest_xray") -> list[Finding]:
    return list(parse_report(text, modality).findings)


def only(text: str, modality: str | None = "chest_xray") -> Finding:
    findings = read(text, modality)
    assert len(findings) == 1, [f.target for f in findings]
    return findings[0]


def named(text: str, modality: str | None = "chest_xray") -> dict[str, str]:
    return {finding.target: finding.presence for finding in read(text, modality)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("No pleural effusion.", {"pleural_effusion": "absent"}),
        ("There is no evidence of pneumothorax or effusion.", {"pneumothorax": "absent", "pleural_effusion": "absent"}),
        ("No effusion, but a small nodule.", {"pleural_effusion": "absent", "nodule": "present"}),
        ("Pneumothorax: none.", {"pneumothorax": "absent"}),
        ("The effusion has resolved.", {"pleural_effusion": "absent"}),
        ("A nodule was seen and removed.", {"nodule": "present"}),
        ("The nodule has been removed.", {"nodule": "absent"}),
        ("A nodule cannot be excluded.", {"nodule": "uncertain"}),
        ("Possible consolidation.", {"consolidation": "uncertain"}),
        ("Pneumothorax is suspected but not confirmed.", {"pneumothorax": "uncertain"}),
        ("The effusion is likely loculated.", {"pleural_effusion": "present"}),
        ("No change in the effusion.", {"pleural_effusion": "present"}),
        ("Lungs are clear.", {"airspace_opacity": "absent"}),
        ("Heart size is within normal limits.", {"cardiomegaly": "absent"}),
        ("The heart is moderately enlarged.", {"cardiomegaly": "present"}),
        ("Normal cardiomediastinal contour.", {"cardiomegaly": "absent", "mediastinal_widening": "absent"}),
        ("No acute abnormality.", {"any_abnormality": "absent"}),
        ("Neither effusion nor pneumothorax.", {"pleural_effusion": "absent", "pneumothorax": "absent"}),
        ("CLINICAL HISTORY: pneumonia last year.", {}),
        ("Admitted with pneumonia.", {}),
        ("", {}),
        ("Nothing of the kind was written here.", {}),
    ],
)
def test_presence(text: str, expected: dict[str, str]) -> None:
    assert named(text) == expected


@pytest.mark.parametrize(
    ("text", "side", "zones"),
    [
        ("Nodule in the left upper zone.", "left", ("upper_zone",)),
        ("In the right lower zone there is a nodule.", "right", ("lower_zone",)),
        ("RUL nodule.", "right", ("upper_lobe",)),
        ("A nodule in the left lung.", "left", ()),
        ("Nodules in both lungs.", "bilateral", ()),
        ("Nodules in the upper lobes.", "bilateral", ("upper_lobe",)),
        ("Nodules in the mid to lower zones.", "bilateral", ("mid_zone", "lower_zone")),
        ("Right-sided nodule.", "right", ()),
        ("Nodule in the lingula.", "left", ("lingula",)),
    ],
)
def test_places(text: str, side: str, zones: tuple[str, ...]) -> None:
    finding = only(text)
    assert finding.location.laterality == side
    assert set(finding.location.zones) == set(zones)


def test_places_before_and_after_a_list() -> None:
    before = read("Left lower lobe consolidation and atelectasis.")
    assert [(f.target, f.location.laterality) for f in before] == [("consolidation", "left"), ("atelectasis", "left")]
    after = read("ETT, NGT and right jugular CVL.")
    assert [f.location.laterality for f in after] == [None, None, "right"]


def test_absent_findings_inherit_no_place() -> None:
    nodule, effusion = read("Nodule in the left upper zone. No effusion.")
    assert effusion.presence == "absent" and not effusion.location.stated
    assert nodule.location.laterality == "left"


def test_sizes_and_counts() -> None:
    nodule = only("Three solid nodules, the film shows 1.2 x 0.8 cm.")
    assert (nodule.shape.count, nodule.shape.size_mm) == (3, (12.0, 8.0))
    assert only("A 6 mm nodule.").shape.size_mm == (6.0,)
    assert only("Multiple nodules.").shape.count == "multiple"
    assert only("ETT tip 4 cm above the carina.").shape.size_mm == ()


def test_the_breast_template() -> None:
    text = (
        "Breast tissue composition: heterogeneous: predominantly fat. Lesion: shape oval; margin not circumscribed - "
        "spiculated, indistinct; echogenicity hypoechoic; posterior features shadowing. No echogenic halo. "
        "Calcifications: intraductal. Skin thickening present. Interpretation: Fibroadenoma. BI-RADS 4b."
    )
    lesion, *others = read(text, "breast_ultrasound")
    assert lesion.shape.attributes == ("oval", "not_circumscribed", "spiculated", "indistinct")
    assert lesion.texture.attributes == ("hypoechoic", "posterior_shadowing")
    assert {f.target: f.presence for f in others} == {
        "echogenic_halo": "absent", "calcification": "present", "skin_thickening": "present",
    }  # fmt: skip
    assert named("No focal lesion is seen.", "breast_ultrasound") == {"breast_lesion": "absent"}


def test_places_of_the_picture_are_no_sides_of_the_patient() -> None:
    polyp = only("one small white polyp, located in top left of the image", "colonoscopy")
    assert polyp.location == Location(None, ("top_left",))
    lesion = only("Lesion in the upper left of the picture.", "breast_ultrasound")
    assert lesion.location.zones == ("top_left",)


def test_the_same_word_in_other_pictures() -> None:
    assert only("A lesion.", "dermoscopy").target == "skin_lesion"
    assert only("A lesion.", "breast_ultrasound").target == "breast_lesion"
    assert only("Effusion.", "knee_mri").target == "joint_effusion"
    assert only("Effusion.", "chest_xray").target == "pleural_effusion"


def test_two_lesions_stay_two_and_one_stays_one() -> None:
    two = read("A round nodule in the left upper zone. An oval nodule in the left upper zone.")
    assert [f.shape.attributes for f in two] == [("round",), ("oval",)]
    one = only("Right lower lobe consolidation. IMPRESSION: Dense consolidation in the right lower lobe.")
    assert one.texture.attributes == ("dense",) and len(one.evidence.target) == 2


def test_a_hedge_yields_to_an_outright_statement() -> None:
    assert named("Possible effusion on the left. IMPRESSION: left effusion.") == {"pleural_effusion": "present"}


def test_misspelt_words_are_mended() -> None:
    assert named("Pnuemothorax on the left. No consolidaton.") == {"pneumothorax": "present", "consolidation": "absent"}


def test_evidence_points_at_the_words() -> None:
    text = "CXR. No effusion. Possible small round nodule in the left upper zone."
    effusion, nodule = read(text)
    words = lambda spans: [text[start:end] for start, end in spans]  # noqa: E731
    assert words(effusion.evidence.target) == ["effusion"] and words(effusion.evidence.presence) == ["No"]
    assert words(nodule.evidence.target) == ["nodule"] and words(nodule.evidence.presence) == ["Possible"]
    assert words(nodule.evidence.location) == ["left", "upper zone"]
    assert words(nodule.evidence.shape) == ["small", "round"]


@pytest.mark.parametrize("look", ["xray", "ct", "ultrasound"])
def test_generated_reports_are_read_as_they_were_meant(look: str) -> None:
    for index in range(20):
        study = generate_study(77, index, look=look, suite="mixed" if index % 2 else None, size=128)
        meant = sorted(
            (o.target, o.presence, o.laterality or "", o.zones, o.texture or "", o.form or "")
            for o in study.role("described")
        )
        found = sorted(
            (f.target, f.presence, f.location.laterality or "", f.location.zones, *(
                (aspect.attributes or ("",))[0] for aspect in (f.texture, f.shape)
            ))
            for f in read(study.report, study.modality)
        )  # fmt: skip
        assert found == meant, study.report


def test_bad_input() -> None:
    with pytest.raises(ConfigError, match="Unknown parser 'oracle'"):
        parse_report("Nodule.", parser="oracle")
    with pytest.raises(ConfigError, match="Unknown modality 'x-ray'"):
        parse_report("Nodule.", "x-ray")
    with pytest.raises(ReportError, match="expected str, got bytes"):
        parse_report(b"Nodule.")  # type: ignore[arg-type]
    with pytest.raises(ReportError, match="at most 1000000"):
        parse_report("a" * 1_000_001)


def test_the_modality_is_guessed_from_the_words_that_stand_first() -> None:
    lexicon = load_lexicon()
    assert guess_modality("CXR. Effusion.", lexicon) == "chest_xray"
    assert guess_modality("CT of the abdomen, after a chest X-ray.", lexicon) == "abdomen_ct"
    assert guess_modality("Nodule.", lexicon) is None
    assert parse_report("Dermoscopy: melanoma.").modality == "dermoscopy"


def test_the_gold_reports() -> None:
    folder = shared("reports_gold")
    spec = importlib.util.spec_from_file_location("gold_score", folder / "score.py")
    assert spec and spec.loader
    score = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(score)
    gold = score.read_jsonl(folder / "public.jsonl")
    predicted = {
        name: {"findings": [score.tidy(f.to_dict()) for f in parse_report(record["report"], record["modality"])]}
        for name, record in gold.items()
    }
    figures, _ = score.score(gold, predicted)
    assert figures["target_presence"]["f1"] >= 0.97
    assert figures["negation"]["f1"] >= 0.97
    assert figures["laterality"]["accuracy"] >= 0.96
    assert min(figures[aspect]["f1"] for aspect in ("zones", "texture", "shape")) >= 0.93
    assert figures["size_accuracy"] >= 0.94
    assert figures["laterality"]["swapped"] == 0
    assert figures["evidence"]["overlap_rate"] >= 0.98


@pytest.mark.parametrize(
    ("text", "modality"),
    [
        ("ULTRASOUND LEFT BREAST (palpable lump). There is an oval nodule.", "breast_ultrasound"),
        ("US LEFT BREAST - lump. Oval nodule of 9 mm.", "breast_ultrasound"),
        ("MRI L KNEE - OA\n* large effusion", "knee_mri"),
    ],
)
def test_the_side_in_the_title_of_an_examination_holds_for_what_is_shown(text: str, modality: str) -> None:
    assert {finding.location.laterality for finding in read(text, modality)} == {"left"}


def test_a_side_of_the_first_finding_is_not_one_of_the_title() -> None:
    found = read("CXR left lower lobe nodule. Cardiomegaly.")
    assert [finding.location.laterality for finding in found] == ["left", None]


def test_former_sizes_in_brackets_do_not_count() -> None:
    assert only("Nodule in the left lung, now 27 x 18 mm (prev 21 x 15 mm).").shape.size_mm == (27.0, 18.0)


@pytest.mark.parametrize(
    ("text", "zones", "shape", "evidence"),
    [
        ("The nuclei density in the upper right is high.", {"top_right"}, "dense_distribution", ["density", "high"]),
        ("Nuclear density of the left is lower.", {"left"}, "sparse", ["density", "lower"]),
    ],
)
def test_a_place_may_stand_within_a_phrase(text, zones, shape, evidence):
    (finding,) = parse_report(text, "histology")
    assert set(finding.location.zones) == zones
    assert list(finding.shape.attributes) == [shape]
    said = {text[start:end] for start, end in finding.evidence.shape}
    assert set(evidence) <= said


def test_what_is_no_place_ends_a_phrase():
    (finding,) = parse_report("Density of the stroma and nuclei in the upper right is high.", "histology")
    assert not finding.shape.attributes


@pytest.mark.parametrize(
    ("text", "sides"),
    [
        ("Rt. pleural effusion, lt. basal atelectasis.", {"pleural_effusion": "right", "atelectasis": "left"}),
        ("R. lower lobe pneumonia. Small L effusion.", {"pneumonia": "right", "pleural_effusion": "left"}),
        ("B/L effusions.", {"pleural_effusion": "bilateral"}),
        ("Bil. effusions.", {"pleural_effusion": "bilateral"}),
    ],
)
def test_sides_in_short(text: str, sides: dict[str, str]) -> None:
    assert {finding.target: finding.location.laterality for finding in read(text)} == sides
