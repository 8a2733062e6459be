import threading
from functools import partial

import nibabel as nib
import numpy as np
import pytest
from PIL import Image

from medsegr.cognition.parser import parse_report
from medsegr.cognition.priors import Finding, ReportPriors
from medsegr.data.image import load_image
from medsegr.errors import CheckpointError, ConfigError, ReportError
from medsegr.inference.predictor import Predictor, load
from tests.inference.disk_model import DiskModel

REPORT = "Nodule in the left upper lobe. Possible right pleural effusion. No pneumothorax."


def picture(height=90, width=120):
    return np.random.default_rng(0).random((height, width)).astype(np.float32)


def disks(**changes):
    return DiskModel({
        "nodule": (0.7, 0.2, 0.1, 4.0),
        "pleural_effusion": (0.3, 0.5, 0.15, 3.0),
        "left_lung": (0.65, 0.35, 0.3, 5.0),
        **changes,
    })  # fmt: skip


def test_each_finding_gets_its_own_mask_of_the_pictures_shape():
    model = disks()
    result = Predictor(model).segment(picture(), REPORT, modality="chest_xray")
    nodule, effusion, _ = result.findings
    assert [found.id for found in result.findings] == [
        "nodule-left",
        "pleural_effusion-right",
        "pneumothorax",
    ]
    assert nodule.mask.shape == (90, 120)
    assert nodule.mask.dtype == bool
    rows, columns = np.nonzero(nodule.mask)
    assert rows.mean() == pytest.approx(0.2 * 120, abs=1.5)
    assert columns.mean() == pytest.approx(0.7 * 120, abs=1.5)
    assert nodule.support == pytest.approx(0.982, abs=1e-3)
    assert nodule.location_map.shape == (90, 120)
    assert nodule.location_map[24, 84] > 0.9
    assert effusion.finding.presence == "uncertain"
    assert effusion.area_px > nodule.area_px
    assert result.warnings == ()


def test_all_findings_share_one_encoding_and_absent_ones_cost_none():
    model = disks()
    Predictor(model).segment(picture(), REPORT)
    assert model.passes == 1
    result = Predictor(model).segment(picture(), "No pneumothorax.")
    assert model.passes == 1
    (absent,) = result.findings
    assert absent.outcome == "absent"
    assert absent.support is None
    assert not absent.mask.any()
    assert absent.reason == "absent by the report (characters 0-2)"
    assert "absent by the report" in result.warnings[0]


def test_what_the_image_does_not_show_is_rejected_with_a_warning():
    model = disks(nodule=(0.7, 0.2, 0.1, -2.0))
    result = Predictor(model).segment(picture(), REPORT)
    nodule = result["nodule-left"]
    assert nodule.outcome == "unsupported"
    assert not nodule.mask.any()
    assert nodule.probability.max() > 0.9
    assert "does not show it (support 0.12, needed 0.50)" in nodule.reason
    assert len(result.warnings) == 1
    assert "contradict" in result.warnings[0]


def test_what_was_asked_for_by_name_contradicts_no_report():
    model = disks(left_lung=(0.65, 0.35, 0.3, -2.0), nodule=(0.7, 0.2, 0.1, -2.0))
    result = Predictor(model).segment(picture(), "Nodule. No effusion.", targets=["left_lung"])
    assert [found.outcome for found in result.findings] == ["unsupported", "absent", "unsupported"]
    (warning,) = result.warnings
    assert warning.startswith("nodule: the report and the image contradict each other")
    assert Predictor(model).segment(picture(), targets=["left_lung"]).warnings == ()


def test_support_threshold_comes_from_the_models_metadata():
    model = disks(nodule=(0.7, 0.2, 0.1, -2.0))
    model.metadata = {"support_threshold": 0.1}
    assert Predictor(model).segment(picture(), "Nodule.").findings[0].outcome == "outlined"
    assert Predictor(model).segment(picture(), "Nodule.", support_threshold=0.3).findings[0].outcome == "unsupported"


def test_a_modality_may_have_a_threshold_of_its_own():
    model = disks(nodule=(0.7, 0.2, 0.1, -2.0))
    model.metadata = {"support_threshold": 0.5, "support_thresholds": {"chest_ct": 0.1}}
    outcomes = [
        Predictor(model).segment(picture(), "Nodule.", modality=modality).findings[0].outcome
        for modality in ("chest_ct", "chest_xray", None)
    ]
    assert outcomes == ["outlined", "unsupported", "unsupported"]


def test_a_mask_without_pixels_says_so():
    result = Predictor(disks(nodule=(0.7, 0.2, -0.1, 4.0))).segment(picture(), "Nodule.")
    assert result.findings[0].outcome == "empty"
    assert "0.50" in result.findings[0].reason
    assert len(result.warnings) == 1


def test_targets_join_the_report_and_are_not_asked_twice():
    predictor = Predictor(disks())
    result = predictor.segment(
        picture(), "Nodule.", targets=["left lung", "nodule", "left_lung"], modality="chest_xray"
    )
    assert [found.finding.target for found in result.findings] == ["nodule", "left_lung"]
    alone = predictor.segment(picture(), targets=["left_lung"])
    assert [found.finding.target for found in alone.findings] == ["left_lung"]
    assert alone.text == ""


def test_priors_pictures_paths_and_arrays_are_all_taken(tmp_path):
    predictor = Predictor(disks())
    pixels = (picture() * 255).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "scan.png")
    priors = parse_report("Nodule.", "chest_xray")
    masks = [
        predictor.segment(source, priors).findings[0].mask
        for source in (pixels, tmp_path / "scan.png", str(tmp_path / "scan.png"), Image.fromarray(pixels))
    ]
    assert all((mask == masks[0]).all() for mask in masks)
    assert predictor.segment(pixels, priors).modality == "chest_xray"


@pytest.mark.parametrize("as_text", [True, False])
def test_the_modality_is_as_given_else_the_image_s_else_the_report_s(as_text):
    predictor, words = Predictor(disks()), "Chest radiograph: Nodule in the left upper zone."
    report = words if as_text else parse_report(words)
    scan = load_image(picture(), "chest_ct")
    assert predictor.segment(picture(), report).modality == "chest_xray"
    assert predictor.segment(scan, report).modality == "chest_ct"
    assert predictor.segment(scan, report, modality="abdomen_ct").modality == "abdomen_ct"
    assert predictor.segment(picture(), targets=["nodule"]).modality is None


def test_a_modality_that_the_text_names_is_used_as_one_that_is_given():
    model = disks(nodule=(0.7, 0.2, 0.1, -2.0))
    model.metadata = {"support_threshold": 0.5, "support_thresholds": {"chest_xray": 0.1}}
    result = Predictor(model).segment(picture(), "Chest radiograph: nodule.", targets=["left_lung"])
    assert [found.outcome for found in result.findings] == ["outlined", "outlined"]


def test_volumes_go_plane_by_plane(tmp_path):
    stored = np.random.default_rng(0).random((40, 32, 6)).astype(np.float32)
    affine = np.diag([-1.5, -2.0, 3.0, 1.0])
    nib.save(nib.Nifti1Image(stored, affine), tmp_path / "volume.nii.gz")
    model = disks()
    result = Predictor(model).segment(tmp_path / "volume.nii.gz", "Nodule. No effusion.")
    nodule, effusion = result.findings
    assert nodule.mask.shape == result.image.mask_shape
    assert nodule.mask.any(axis=(1, 2)).all()
    assert effusion.mask.shape == nodule.mask.shape
    assert model.passes == 2
    assert nodule.location_map.shape == result.image.size
    assert nodule.volume_mm3 == pytest.approx(nodule.area_px * 9.0)
    assert nodule.size_mm > 0


def test_many_findings_are_done_in_groups():
    model = disks()
    result = Predictor(model).segment(picture(), ReportPriors(tuple(Finding("nodule") for _ in range(70))))
    assert model.passes == 3
    assert result.findings[69].id == "nodule-70"
    with pytest.raises(ReportError, match="201 findings; at most 200"):
        Predictor(model).segment(picture(), ReportPriors(tuple(Finding("nodule") for _ in range(201))))


def test_a_report_without_findings_is_an_explained_empty_result():
    result = Predictor(disks()).segment(picture(), "Thank you for referring this patient.")
    assert result.findings == ()
    assert "names no finding" in result.warnings[0]


@pytest.mark.parametrize(
    ("question", "error", "message"),
    [
        ({}, ConfigError, "Nothing to look for"),
        ({"report": " \n"}, ReportError, "report is empty"),
        ({"targets": ["flux capacitor"]}, ConfigError, "flux capacitor"),
        ({"targets": "left lung"}, ConfigError, "targets is no list of names"),
        ({"report": "Nodule.", "targets": None}, ConfigError, "targets is no list of names"),
        ({"targets": [Finding("nodule")]}, ConfigError, "targets is no list of names"),
        ({"report": b"Nodule."}, ReportError, "got bytes"),
        ({"report": ["Nodule."]}, ReportError, "got list"),
        ({"report": Finding("nodule")}, ReportError, "got Finding"),
        ({"report": "Nodule.", "modality": "xray"}, ConfigError, "Unknown modality 'xray': expected one of .*chest_xr"),
        ({"targets": ["nodule"], "modality": "xray"}, ConfigError, "Unknown modality 'xray'"),
        ({"report": ReportPriors((Finding("nodule"),)), "modality": "xray"}, ConfigError, "Unknown modality 'xray'"),
        ({"report": "Nodule.", "threshold": 1.5}, ConfigError, "threshold is 1.5"),
        ({"report": "Nodule.", "support_threshold": -1.0}, ConfigError, "support_threshold is -1"),
    ],
)
def test_wrong_questions(question, error, message):
    with pytest.raises(error, match=message):
        Predictor(disks()).segment(picture(), **question)


def test_a_modality_of_the_images_own_is_taken_as_it_is():
    image = load_image(picture(), "xray")
    assert Predictor(disks()).segment(image, targets=["nodule"], modality="xray").modality == "xray"


def test_threads_wait_for_each_other():
    predictor, found = Predictor(disks()), []
    work = [
        threading.Thread(target=lambda: found.append(predictor.segment(picture(), "Nodule.").findings[0].area_px))
        for _ in range(4)
    ]
    [thread.start() for thread in work]
    [thread.join() for thread in work]
    assert len(found) == 4
    assert len(set(found)) == 1


def test_load_reads_a_folder(random_model):
    predictor = load(random_model)
    assert not predictor.model.training
    assert predictor.metadata["support_threshold"] == 0.0
    result = predictor.segment(picture(), REPORT, modality="chest_xray")
    assert [found.mask.shape for found in result.findings] == [(90, 120)] * 3
    again = predictor.segment(picture(), REPORT, modality="chest_xray")
    assert (result.findings[0].probability == again.findings[0].probability).all()


def test_load_refuses_unknown_names_devices_and_damaged_weights(random_model, tmp_path):
    with pytest.raises(ConfigError, match=r"No model 'tinny'. Expected a built-in name"):
        load("tinny")
    with pytest.raises(ConfigError, match="Device 'warp' cannot be used"):
        load(random_model, device="warp")
    with pytest.raises(ConfigError, match="Device 'meta' cannot be used.*cuda, mps, cpu"):
        load(random_model, device="meta")
    for name in ("adapter.json", "adapter.safetensors"):
        (tmp_path / name).write_bytes((random_model / name).read_bytes())
    (tmp_path / "adapter.safetensors").write_bytes(b"\0" * 100)
    with pytest.raises(CheckpointError, match="damaged"):
        load(tmp_path)


@pytest.mark.parametrize(("shape", "side"), [((48, 48, 1), "left"), ((48, 1, 48), "left"), ((1, 48, 48), None)])
def test_a_sagittal_slice_is_not_asked_for_a_side(tmp_path, shape, side):
    values = np.random.default_rng(0).random(shape).astype(np.float32)
    nib.save(nib.Nifti1Image(values, np.eye(4)), tmp_path / "slice.nii.gz")
    model = disks()
    asked, encode = [], model.encode_findings
    model.encode_findings = lambda findings, *rest: asked.extend(findings[0]) or encode(findings, *rest)
    (nodule,) = Predictor(model).segment(tmp_path / "slice.nii.gz", "Nodule on the left.", modality="chest_ct").findings
    assert [finding.location.laterality for finding in asked] == [side]
    assert nodule.id == "nodule-left" and nodule.finding.location.laterality == "left"


def test_targets_may_come_one_by_one():
    result = Predictor(disks()).segment(picture(), "No effusion.", targets=(name for name in ["left lung"]))
    assert [found.id for found in result.findings] == ["pleural_effusion", "left_lung"]
    for wrong in (3, None, "left lung", [3]):
        with pytest.raises(ConfigError, match="targets is no list of names"):
            Predictor(disks()).segment(picture(), "No effusion.", targets=wrong)


def test_a_name_that_the_model_did_not_learn_is_read_as_a_word_of_a_report():
    model = disks(mass=(0.5, 0.5, 0.1, 4.0), breast_lesion=(0.5, 0.5, 0.1, 4.0))
    model.metadata = {"trained_targets": {"breast_ultrasound": ["breast_lesion"], "chest_ct": ["mass"]}}
    ask = partial(Predictor(model).segment, picture(), targets=["mass"])
    (denied,) = ask("No mass.", modality="breast_ultrasound").findings
    assert denied.id == "breast_lesion" and denied.outcome == "absent"
    assert ask(modality="breast_ultrasound").findings[0].id == "breast_lesion"
    assert ask(modality="chest_ct").findings[0].id == ask().findings[0].id == "mass"


def test_a_modality_that_only_the_image_knows_is_taken_as_it_is():
    image = load_image(picture(), "my_scanner")
    result = Predictor(disks()).segment(image, "A nodule.", targets=["left lung"])
    assert result.modality == "my_scanner" and [found.id for found in result.findings] == ["nodule", "left_lung"]


def test_results_can_be_compared_and_kept_in_sets():
    first, second = (Predictor(disks()).segment(picture(), REPORT) for _ in range(2))
    assert first != second and len({first, second, *first.findings}) == 5


def test_a_report_given_as_a_modality_is_not_repeated():
    with pytest.raises(ConfigError, match="Unknown modality: expected one of") as refused:
        Predictor(disks()).segment(picture(), REPORT, modality="Nodule in the lung of Mr Miller")
    assert "Miller" not in str(refused.value)
    with pytest.raises(ConfigError, match="Unknown modality 'chest_xry': expected"):
        Predictor(disks()).segment(picture(), REPORT, modality="chest_xry")
