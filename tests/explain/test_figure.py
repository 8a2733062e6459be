import dataclasses
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageColor

from medsegr.cognition.priors import Evidence
from medsegr.explain import figure
from medsegr.explain.contact_sheet import Panel, SheetRow, contact_sheet
from medsegr.explain.explanation import HEAD, PAD, column_places, explanation_page, verdict
from medsegr.explain.figure import save_figures
from medsegr.explain.overlay import overlay_page, spread
from medsegr.explain.typeface import SCALE
from medsegr.inference.result import Result
from medsegr.inference.shown_as import finding_colour
from tests.explain.made_result import FINDINGS, TEXT, made_result
from tests.views import view_of


def words(page):
    return [written.text for written in page.texts]


def place(written):
    """Left, top, right and bottom of a text's ink, in points."""
    box = written.letters.font(written.text).getbbox(written.text, anchor="ls", stroke_width=written.rim)
    return [at / SCALE + start for at, start in zip(box, (written.x, written.y) * 2, strict=True)]


def is_laid_out(page):
    """No text leaves the page, and no two meet."""
    boxes = [(written.text, place(written)) for written in page.texts if written.text.strip()]
    for text, (left, top, right, bottom) in boxes:
        assert 0 <= left <= right <= page.width and 0 <= top <= bottom <= page.height, text
    for number, (text, (left, top, right, bottom)) in enumerate(boxes):
        for other, (x1, y1, x2, y2) in boxes[:number]:
            assert right <= x1 or x2 <= left or bottom <= y1 or y2 <= top, (text, other)
    return True


def coloured(page, colour):
    """Columns and rows, in points, of the page's pixels that have a colour."""
    rows, columns = np.nonzero((page.canvas == ImageColor.getrgb(colour)).all(2))
    return columns / SCALE, rows / SCALE


def test_overlay_names_what_is_outlined_and_lists_the_rest():
    page = overlay_page(made_result(), "case_1")
    shown = words(page)
    assert {"case_1", "Nodule, left upper lobe", "Pleural effusion, right", "Left lung"} <= set(shown)
    assert "Not outlined: Pneumothorax: absent by the report" in shown
    assert "Not outlined: Mass, right hilum: the image does not show it" in shown
    assert any("dashed" in text for text in shown)
    assert is_laid_out(page)


def test_uncertain_outlines_are_dashed():
    """Of their outlines' length, less of what is dashed is drawn."""
    page, shares = overlay_page(made_result(), "case_1"), []
    for number in (0, 1, 4):
        x, _ = coloured(page, finding_colour(number))
        in_the_picture = int((x < 515).sum())
        mask = made_result().findings[number].mask
        edges = int((mask ^ np.roll(mask, 1, 0)).sum() + (mask ^ np.roll(mask, 1, 1)).sum())
        shares.append(in_the_picture / edges)
    assert shares[1] < 0.75 * min(shares[0], shares[2])


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
    found = {written.text: written.x for written in page.texts if written.text in ("R", "L")}
    assert list(found) == letters
    if letters:
        assert found["R"] < 60 and found["L"] > 430


def test_what_lies_on_the_patients_left_is_drawn_beside_the_letter_l():
    """Of a lopsided picture, on both pages."""
    result = made_result((90, 160))
    mask = np.zeros((90, 160), bool)
    mask[10:30, 120:150] = True
    left = dataclasses.replace(result.findings[4], mask=mask, location_map=mask.astype(np.float32))
    result = dataclasses.replace(result, findings=(left,))
    overlay, explanation = overlay_page(result, "a"), explanation_page(result, "a")
    for page, top, corner, wide in ((overlay, 42, 18, 500), (explanation, 102, column_places()[2], 200)):
        x, y = coloured(page, finding_colour(0))
        on_it = (x > corner) & (x < corner + wide) & (y > top)
        letter = {written.text: written for written in page.texts if written.text in ("R", "L")}
        assert corner < letter["R"].x < corner + 0.1 * wide and corner + 0.9 * wide < letter["L"].x < corner + wide
        inner = x[on_it & (x < corner + 0.97 * wide)]
        assert inner.min() == pytest.approx(corner + 120 / 160 * wide, abs=2)
        assert y[on_it].min() == pytest.approx(top + 10 / 160 * wide, abs=2)
        assert y[on_it].max() == pytest.approx(top + 30 / 160 * wide, abs=2)


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
    assert is_laid_out(page)


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
    assert is_laid_out(overlay_page(made_result(shape), "x" * 300))
    assert is_laid_out(explanation_page(made_result(shape), "x" * 300))


def test_an_oblong_picture_keeps_its_shape():
    page = explanation_page(made_result((60, 300)), "case")
    x, y = np.nonzero((page.canvas[:, round(SCALE * column_places()[1]) + 8] != 255).any(1))[0], HEAD + PAD
    picture = x[(x >= SCALE * y) & (x < SCALE * (y + 90))]
    assert len(picture) == SCALE * 40


@pytest.mark.parametrize("count", range(1, 17))
def test_any_number_of_findings_is_laid_out(count):
    result = made_result()
    many = dataclasses.replace(result, findings=(result.findings * 4)[:count])
    assert is_laid_out(overlay_page(many, "case")) and is_laid_out(explanation_page(many, "case", keep_text=True))


@pytest.mark.parametrize("words", ["mass " * 80, "x" * 700, "Узелок в лёгком όζος رئة 左肺 " * 20])
def test_long_and_foreign_words_are_cut_or_wrapped(words):
    result, length = made_result(), len(words)
    evidence = Evidence(((0, length),), ((0, length),), ((0, length // 2),))
    finding = dataclasses.replace(FINDINGS[1], target="name_" * 40, evidence=evidence)
    found = [dataclasses.replace(each, finding=dataclasses.replace(finding, presence=presence))
             for each in result.findings for presence in ("absent", "uncertain")]  # fmt: skip
    result = dataclasses.replace(result, findings=tuple(found), text=words)
    sheet = contact_sheet("s" * 300, ["h" * 99], [SheetRow("r" * 99, (Panel(result, "c" * 99),))], keep_text=True)
    pages = (
        overlay_page(result, "case"),
        explanation_page(result, "case"),
        explanation_page(result, "case", True),
        sheet,
    )
    assert all(is_laid_out(page) for page in pages)


def test_no_findings_and_many_findings():
    result = made_result()
    empty = Result((), result.image, None, "", ("Nothing was looked for.",))
    assert "No finding to explain." in words(explanation_page(empty, "case"))
    assert "Nothing was looked for." in words(explanation_page(empty, "case"))
    assert overlay_page(empty, "case").height > 0
    many = dataclasses.replace(result, findings=result.findings * 6)
    assert "18 more findings are in findings.json." in words(explanation_page(many, "case"))
    assert any("more findings without an outline" in text for text in words(overlay_page(many, "case")))
    assert is_laid_out(overlay_page(many, "case"))


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


def box_on(page, number, row):
    """Corners of what has a finding's colour in the second column, in points from the row's picture."""
    left, top = column_places()[1], HEAD + PAD + row * (200 + 2 * PAD)
    x, y = coloured(page, finding_colour(number))
    on_it = (x > left - 5) & (x < left + 205) & (y > top - 5) & (y < top + 205)
    return [x[on_it].min() - left, y[on_it].min() - top, x[on_it].max() - left, y[on_it].max() - top]


def test_boxes_are_dashed_in_the_findings_colour_and_the_legend_says_so():
    result = boxed(made_result(), (60.0, 20.0, 80.0, 45.0), (10.0, 30.0, 40.0, 60.0))
    page = explanation_page(result, "case_1")
    scale = 200 / 120
    np.testing.assert_allclose(box_on(page, 0, 0), [at * scale for at in (60, 20, 80, 45)], atol=1.5)
    np.testing.assert_allclose(box_on(page, 1, 1), [at * scale for at in (10, 30, 40, 60)], atol=1.5)
    x, _ = coloured(page, finding_colour(0))
    around = 2 * (20 + 25) * scale
    in_the_column = (x > column_places()[1]) & (x < column_places()[1] + 200)
    assert 0.2 < in_the_column.sum() / (around * SCALE * 1.1 * SCALE) < 0.75
    assert "dashed: box" in words(page) and is_laid_out(page)
    assert "dashed: box" not in words(explanation_page(made_result(), "case_1"))


def test_boxes_of_large_pictures_are_drawn_where_they_lie():
    result = boxed(made_result((1900, 1800)), (600.0, 300.0, 1500.0, 900.0))
    scale = 200 / 1900
    seen = box_on(explanation_page(result, "a"), 0, 0)
    np.testing.assert_allclose(seen, [at * scale for at in (600, 300, 1500, 900)], atol=1.5)
