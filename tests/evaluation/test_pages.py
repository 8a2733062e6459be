"""Pages stand by themselves, pictures show what they say, and no report text gets out."""

import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from medsegr.data.dataset_folder import DatasetFolder
from medsegr.data.geometry import displayed_geometry
from medsegr.data.image import MedicalImage, load_image
from medsegr.evaluation import plots
from medsegr.evaluation.evaluate import evaluate
from medsegr.evaluation.html import environment, page, shown, with_interval
from medsegr.evaluation.pictures import MASK_COLOUR, TRUTH_COLOUR, chosen, outlined_png, pictures
from tests.evaluation.made import answer, described_set, disc, listening

TRUTH = disc(0.5, 0.2)


def assert_stands_alone(text: str) -> None:
    """No link leads out, every reference has its target, and no identifier is there twice."""
    addresses = set(re.findall(r"https?://[^\"'\s<>]+", text))
    assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert not re.findall(r"<(?:script|link|iframe|object|embed)\b", text)
    sources = re.findall(r'(?:src|href)="([^"]+)"', text)
    assert all(source.startswith(("data:image/png;base64,", "#")) for source in sources)
    identifiers = re.findall(r'\bid="([^"]+)"', text)
    assert len(identifiers) == len(set(identifiers))
    wanted = {a or b for a, b in re.findall(r'url\(#([^)]+)\)|href="#([^"]+)"', text)}
    assert wanted <= set(identifiers)


def macro(name: str, *given: Any) -> str:
    return str(getattr(environment().get_template("macros.html.j2").module, name)(*given))


def test_tables_and_values() -> None:
    made = macro("table", ("a", "b"), [(0.12345, None), ("<x>", 3)], (0,))
    assert '<td class="words">0.123</td><td>–</td>' in made and "&lt;x&gt;" in made and "<td>3</td>" in made
    assert shown("") == "–" and with_interval(None, ()) == "–"
    assert with_interval(0.5, (0.4, 0.6)) == "0.500 (0.400 to 0.600)" and with_interval(1.0, (), 1) == "1.0"


def test_names_cannot_become_markup() -> None:
    made = page("page", "<script>x</script>") + macro("picture", b"png", '"><img src=http://evil>')
    assert "<script" not in made and "<img src=http" not in made and "default-src 'none'" in made


def test_plots_on_one_page_do_not_share_identifiers() -> None:
    scores = {"its own report": list(np.linspace(0, 1, 9)), "none": []}
    bars = {"true": {"< 1 %": {"dice_per_finding": 0.5, "interval": [0.4, 0.6], "shown": 3}, "> 5 %": None}}
    bins = [
        {"mean_support": 0.2, "share_shown": 0.1, "findings": 4},
        {"mean_support": 0.9, "share_shown": 0.8, "findings": 2},
    ]
    costs = {"side": {"cost": 0.1, "cost_interval": [0.0, 0.2], "changed": 0.5, "findings": 4},
             "texture": {"cost": None, "cost_interval": [], "changed": None, "findings": 0}}  # fmt: skip
    rows = {"dice": {"difference": 0.1, "interval": [], "findings": 1}}
    figures = (plots.distribution(scores), plots.strata(bars, "size"), plots.calibration(bins),
               plots.costs(costs), plots.differences(rows), plots.strata({}, "s"), plots.calibration([]))  # fmt: skip
    drawn = [plots.as_svg(figure, f"plot{number}") for number, figure in enumerate(figures)]
    assert all(svg.startswith("<svg") and svg.endswith("</svg>") for svg in drawn)
    assert_stands_alone(page("page", "plots") + "".join(drawn))
    assert plots.as_svg(plots.calibration(bins), "a") == plots.as_svg(plots.calibration(bins), "a")


def test_best_median_and_worst() -> None:
    listed = [
        answer(np.roll(TRUTH, shift, 1), TRUTH, case=f"c{shift}", patient=f"c{shift}")
        for shift in (4, 0, 8, 2, 6, 1, 3, 5, 7)
    ]
    listed += [answer(TRUTH, np.zeros_like(TRUTH), case="empty"), answer(TRUTH, TRUTH, case="other", report="none")]
    picked = [(rank, a.case) for rank, a in chosen(listed)]
    assert picked[:3] == [("best", "c0"), ("best", "c1"), ("best", "c2")]
    assert {case for rank, case in picked if rank == "median"} == {"c3", "c4", "c5"} and picked[3] == ("median", "c4")
    assert [case for rank, case in picked if rank == "worst"] == ["c8", "c7", "c6"]
    assert [rank for rank, _ in chosen(listed[:3])] == ["best", "median", "worst"]
    assert len(chosen(listed[:1])) == 1 and chosen([listed[-2]]) == []


def read(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def test_outlines_lie_on_either_side_of_the_edge() -> None:
    image = load_image(np.random.default_rng(0).integers(0, 60, (64, 64)).astype(np.uint8))
    pixels = read(outlined_png(image, TRUTH, TRUTH))
    plain, drawn = pixels[:, :300], pixels[:, 306:]
    white, orange = (drawn == TRUTH_COLOUR).all(-1), (drawn == MASK_COLOUR).all(-1)
    big = np.asarray(Image.fromarray(TRUTH).resize((300, 300), Image.Resampling.NEAREST))
    assert white.any() and not (white & big).any()
    assert orange.any() and not (orange & ~big).any()
    assert (plain[~(white | orange)] == drawn[~(white | orange)]).all()


def test_of_a_volume_the_fullest_plane_in_square_millimetres() -> None:
    voxels = np.random.default_rng(0).integers(0, 100, (3, 20, 40)).astype(np.int16)
    affine = np.diag([-2.0, -4.0, 5.0, 1.0])
    geometry = displayed_geometry(affine, (40, 20, 3))
    truth = np.zeros((3, 20, 40), bool)
    truth[1, 4:10, 4:10] = truth[2, 4:6, 4:6] = True
    pixels = read(outlined_png(MedicalImage(voxels, geometry), np.zeros_like(truth), truth))
    assert pixels.shape == (300, 2 * 300 + 6, 3)
    assert (pixels == TRUTH_COLOUR).all(-1)[:, 306:].any()
    assert not (pixels == MASK_COLOUR).all(-1).any()


@pytest.mark.parametrize("report", ["true", "other"])
def test_pictures_show_the_masks_that_were_measured(tmp_path: Path, report: str) -> None:
    folder = DatasetFolder(described_set(tmp_path / "films"))
    predictor = listening()
    answers = list(evaluate(predictor, folder, "test", (report,), seed=4))  # type: ignore[arg-type]
    drawn = list(pictures(predictor, {"films": folder}, "test", chosen(answers), seed=4))
    assert [p.rank for p in drawn] == ["best", "best", "median", "median", "worst", "worst"]
    for each in drawn:
        pixels = read(each.png)[:, 306:]
        orange = (pixels == MASK_COLOUR).all(-1)
        assert orange.any() == (each.answer.overlap.predicted > 0)
        if each.answer.overlap.dice == 0 and each.answer.overlap.predicted:
            white = (pixels == TRUTH_COLOUR).all(-1)
            assert abs(np.argwhere(orange)[:, 1].mean() - np.argwhere(white)[:, 1].mean()) > 40
