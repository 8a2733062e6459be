import dataclasses
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_hex
from PIL import Image

from medsegr.explain import figure
from medsegr.explain.contact_sheet import Panel, SheetRow, contact_sheet
from medsegr.explain.explanation import explanation_page, verdict
from medsegr.explain.figure import save_figures
from medsegr.explain.overlay import overlay_page, spread
from medsegr.inference.result import Result
from medsegr.inference.shown_as import finding_colour
from tests.explain.made_result import FINDINGS, TEXT, made_result
from tests.views import view_of


def words(page):
    return [text.get_text() for axes in page.figure.axes for text in axes.texts]


def texts_inside(page):
    """Every text lies on the page: nothing is clipped."""
    renderer = page.figure.canvas.get_renderer()
    width, height = page.figure.canvas.get_width_height()
    for axes in page.figure.axes:
        for text in axes.texts:
            box = text.get_window_extent(renderer)
            if not (box.x0 >= -0.5 and box.x1 <= width + 0.5 and box.y0 >= -0.5 and box.y1 <= height + 0.5):
                return False
    return True


def overlapping(page, among):
    """Pairs of the given texts of the page whose boxes meet."""
    renderer = page.figure.canvas.get_renderer()
    texts = [text for axes in page.figure.axes for text in axes.texts if text.get_text() in among]
    boxes = [(text.get_text(), text.get_window_extent(renderer)) for text in texts]
    return [(one, other) for n, (one, a) in enumerate(boxes) for other, b in boxes[:n] if a.overlaps(b)]


def test_overlay_names_what_is_outlined_and_lists_the_rest():
    page = overlay_page(made_result(), "case_1")
    shown = words(page)
    assert {"case_1", "Nodule, left upper lobe", "Pleural effusion, right", "Left lung"} <= set(shown)
    assert "Not outlined: Pneumothorax: absent by the report" in shown
    assert "Not outlined: Mass, right hilum: the image does not show it" in shown
    assert any("dashed" in text for text in shown)
    assert texts_inside(page)


def test_uncertain_outlines_are_dashed():
    page = overlay_page(made_result(), "case_1")
    dashes = [lines.get_linestyle()[0][1] is not None for lines in page.figure.axes[1].collections]
    assert dashes == [False, True, False]


@pytest.mark.parametrize(
    ("modality", "letters"),
    [
        ("chest_xray", ["R", "L"]),
        ("abdomen_ct", ["R", "L"]),
        ("dermoscopy", []),
        ("breast_ultrasound", []),
        ("abdomen_ultrasound", []),
        ("abdomen_xray", []),
        ("bone_xray", []),
        ("breast_mri", []),
        ("cardiac_mri", []),
        ("pelvis_mri", []),
        ("echocardiography", []),
        ("oct", []),
        (None, []),
    ],
)
def test_side_letters_where_the_picture_shows_both_sides_of_a_patient(modality, letters):
    page = overlay_page(made_result(modality=modality), "case_1")
    found = {text.get_text(): text.get_position()[0] for text in page.figure.axes[1].texts}
    assert list(found) == letters
    if letters:
        assert found["R"] < 0.5 < found["L"]


def letters_of(result) -> set[str]:
    shown = [*words(overlay_page(result, "case_1")), *words(explanation_page(result, "case_1"))]
    return {"R", "L"} & set(shown)


def test_no_letters_where_the_sides_are_the_pictures_own_or_not_to_be_told():
    assert letters_of(made_result()) == {"R", "L"}
    assert not letters_of(made_result(frame="image"))
    result = made_result(modality="abdomen_ct")
    sagittal = np.array([[5.0, 0, 0, 0], [0, 0, -1, 0], [0, -1, 0, 0], [0, 0, 0, 1]])
    for view in (view_of("abdomen_ct", affine=sagittal), view_of("abdomen_ct", affine=sagittal, guessed=True)):
        assert not letters_of(dataclasses.replace(result, image=dataclasses.replace(result.image, view=view)))


def test_explanation_tells_each_findings_story():
    page = explanation_page(made_result(), "case_1")
    shown = words(page)
    assert {"Image agrees", "Image shows it", "Absent by the report", "Image does not show this"} <= set(shown)
    assert "it says “No”" in shown
    assert "the report is unsure: “Possible”" in shown
    assert "asked for by name; the report does not say it" in shown
    assert "not looked for" in shown
    assert any(text.startswith("enlarged ×") for text in shown)
    assert texts_inside(page)


@pytest.mark.parametrize("keep_text", [False, True])
def test_pictures_hold_the_report_only_where_it_is_kept(keep_text, tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(figure, "save_page", lambda page, path: drawn.extend(words(page)))
    save_figures(tmp_path, made_result(), "case_1", **({"keep_text": True} if keep_text else {}))
    assert {"nodule", "calcified", "lobe", "Possible", "effusion"} <= set(drawn)
    assert bool({"Cough", "weeks,", "$5", "Large"} & set(drawn)) == keep_text
    contact = words(contact_sheet("demo", ["Mask"], [SheetRow("case_1", (Panel(made_result(), ""),))], keep_text))
    assert "nodule" in contact and ("CHEST" in contact) == keep_text


def test_verdicts_without_a_trigger():
    absent = dataclasses.replace(
        made_result().findings[2], finding=dataclasses.replace(FINDINGS[2], evidence=FINDINGS[4].evidence)
    )
    assert verdict(absent, TEXT).detail == ""
    empty = dataclasses.replace(absent, outcome="empty", support=0.8)
    assert verdict(empty, TEXT).words == "Nothing to outline"
    untrained = dataclasses.replace(absent, outcome="untrained", support=0.1)
    assert verdict(untrained, TEXT).words == "Model not trained for this"


@pytest.mark.parametrize("shape", [(60, 300), (300, 60), (16, 16)])
def test_pictures_of_any_shape(shape, tmp_path):
    for path in save_figures(tmp_path, made_result(shape), "a very long name of a case " * 8):
        assert Image.open(path).size[0] > 300
    assert texts_inside(overlay_page(made_result(shape), "x" * 300))
    assert texts_inside(explanation_page(made_result(shape), "x" * 300))


def test_no_findings_and_many_findings():
    result = made_result()
    empty = Result((), result.image, None, "", ("Nothing was looked for.",))
    assert "No finding to explain." in words(explanation_page(empty, "case"))
    assert "Nothing was looked for." in words(explanation_page(empty, "case"))
    assert overlay_page(empty, "case").height > 0
    many = dataclasses.replace(result, findings=result.findings * 6)
    assert "18 more findings are in findings.json." in words(explanation_page(many, "case"))
    assert any("more findings without an outline" in text for text in words(overlay_page(many, "case")))
    assert texts_inside(overlay_page(many, "case"))


def test_a_volume_is_shown_by_its_best_plane():
    result = made_result()
    rng = np.random.default_rng(0)
    image = dataclasses.replace(result.image, voxels=rng.random((3, 120, 100)).astype(np.float32))
    findings = []
    for found in result.findings:
        mask = np.zeros((3, 120, 100), bool)
        mask[2] = found.mask
        findings.append(dataclasses.replace(found, mask=mask, key_plane=2))
    page = overlay_page(dataclasses.replace(result, image=image, findings=tuple(findings)), "case")
    assert "case · plane 3 of 3" in words(page)


@settings(deadline=None)
@given(st.lists(st.floats(0, 500), max_size=14))
def test_names_never_collide(wanted):
    placed = spread(wanted, 0.0, 500.0, 30.0)
    assert len(placed) == len(wanted)
    ordered = sorted(placed)
    assert all(b - a >= 30.0 - 1e-6 for a, b in pairwise(ordered))
    for i, a in enumerate(wanted):
        for j, b in enumerate(wanted):
            if a < b:
                assert placed[i] < placed[j]


def test_letters_that_the_font_lacks_are_drawn_without_a_warning(tmp_path, recwarn):
    result = dataclasses.replace(made_result(), text=TEXT[:20] + "左肺\udce9" + TEXT[23:])
    assert all(path.is_file() for path in save_figures(tmp_path, result, "case_1"))
    assert [str(each.message) for each in recwarn if "Glyph" in str(each.message)] == []


def boxed(result: Result, *boxes: tuple[float, float, float, float] | None) -> Result:
    found = [dataclasses.replace(f, box=b) for f, b in zip(result.findings, boxes, strict=False)]
    return dataclasses.replace(result, findings=(*found, *result.findings[len(found) :]))


def test_boxes_are_dashed_in_the_findings_colour_and_the_legend_says_so():
    result = boxed(made_result(), (60.0, 20.0, 80.0, 45.0), None, None, (10.0, 30.0, 40.0, 60.0))
    page = explanation_page(result, "case_1")
    drawn = [p for axes in page.figure.axes[1:] for p in axes.patches if p.get_linestyle() != "solid"]
    assert [(*p.get_xy(), p.get_width(), p.get_height()) for p in drawn] == [
        (59.5, 19.5, 20.0, 25.0), (9.5, 29.5, 30.0, 30.0),
    ]  # fmt: skip
    assert [to_hex(p.get_edgecolor()).upper() for p in drawn] == [finding_colour(0), finding_colour(3)]
    assert "dashed: box" in words(page) and texts_inside(page)
    assert not overlapping(page, {"dashed: box", "little", "much", "no / perhaps", "shape and size"})
    assert "dashed: box" not in words(explanation_page(made_result(), "case_1"))


def test_boxes_of_large_pictures_are_drawn_where_they_lie():
    result = boxed(made_result((1900, 1800)), (600.0, 300.0, 1500.0, 900.0))
    (drawn,) = [
        p
        for axes in explanation_page(result, "a").figure.axes[1:]
        for p in axes.patches
        if p.get_linestyle() != "solid"
    ]
    assert (*drawn.get_xy(), drawn.get_width(), drawn.get_height()) == (199.5, 99.5, 300.0, 200.0)
