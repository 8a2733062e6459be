"""The second look: which findings get one, what it is asked, and what becomes of its answer."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsegr.cognition.lexicon import load_lexicon
from medsegr.cognition.parser import parse_report
from medsegr.cognition.priors import Evidence, Finding, Location, ReportPriors, Shape, Texture
from medsegr.evaluation.metrics import dice
from medsegr.inference.predictor import Predictor, load
from medsegr.inference.second_look import LEAST, LEAST_GAIN, MARGIN, SMALL, closer_finding, worth_a_look
from medsegr.inference.user_prompt import UserPrompt
from medsegr.square import Square
from tests.inference.bright_model import BrightModel

REPORT = "Small round nodule in the left upper lobe. Pleural effusion."


def disc(shape: tuple[int, int], x: float, y: float, radius: float) -> np.ndarray:
    rows, columns = np.indices(shape)
    return np.hypot(columns + 0.5 - x, rows + 0.5 - y) <= radius


def picture(shape: tuple[int, int] = (240, 300), **discs: tuple[float, float, float]) -> np.ndarray:
    """Black, with discs in the colours of ``BrightModel``."""
    colours = np.zeros((*shape, 3), np.float32)
    for place, name in enumerate(("nodule", "effusion", "consolidation")):
        if name in discs:
            colours[..., place] = disc(shape, *discs[name])
    return colours


def test_a_small_finding_is_seen_sharper():
    shown = picture(nodule=(210.3, 50.7, 6.0))
    truth = disc((240, 300), 210.3, 50.7, 6.0)
    once, twice = (Predictor(BrightModel(), second_look=look).segment(shown, "Nodule.") for look in (False, True))
    assert not once.findings[0].looked_twice and twice.findings[0].looked_twice
    assert dice(twice.findings[0].mask, truth) > dice(once.findings[0].mask, truth)
    assert twice.findings[0].support == once.findings[0].support


def test_the_window_comes_from_the_picture_as_it_was():
    model, shown = BrightModel(), picture(nodule=(210, 50, 6))
    Predictor(model, second_look=True).segment(shown, "Nodule.")
    (first,), (window,) = model.shown
    assert first.shape == shown.shape and window.shape == (200, 200, 3)
    np.testing.assert_array_equal(window, shown[:200, 100:])


def test_the_answer_is_the_mean_inside_the_window_and_the_first_looks_beyond():
    shown = picture(nodule=(40, 40, 6))
    once, twice = (
        Predictor(BrightModel(), second_look=look).segment(shown, "Nodule.").findings[0].probability
        for look in (False, True)
    )
    alone = Predictor(BrightModel()).segment(shown[:200, :200], "Nodule.").findings[0].probability
    np.testing.assert_allclose(twice[:200, :200], (once[:200, :200] + alone) / 2, atol=1e-6)
    np.testing.assert_array_equal(twice[200:], once[200:])
    np.testing.assert_array_equal(twice[:, 200:], once[:, 200:])


@pytest.mark.parametrize(
    ("shown", "support"),
    [
        (picture(nodule=(150, 120, 60)), 4.0),  # large
        (picture(effusion=(210, 50, 6)), 4.0),  # nothing found
        (picture(nodule=(210, 50, 6)), -4.0),  # not supported
        (picture((60, 64), nodule=(40, 20, 4)), 4.0),  # the host has seen every pixel
        (picture((70, 75), nodule=(40, 20, 4)), 4.0),  # little to gain
    ],
)
def test_no_second_look_without_reason(shown, support):
    model = BrightModel(support=support)
    found = Predictor(model, second_look=True).segment(shown, "Nodule.").findings[0]
    assert len(model.shown) == 1 and not found.looked_twice


def test_what_is_small_is_told_by_the_pictures_longest_side():
    box = Square.fit((1000, 1400), 256)
    assert worth_a_look((100, 100, 100 + 0.29 * 1400, 200), box) is not None
    assert worth_a_look((100, 100, 100 + 0.31 * 1400, 200), box) is None
    assert worth_a_look((100, 100, 200, 100 + 0.31 * 1400), box) is None


def test_each_plane_of_a_volume_gets_its_own_closer_look():
    truth = disc((240, 300), 210.3, 50.7, 6.0)
    volume = np.stack([np.zeros_like(truth), np.zeros_like(truth), truth]).astype(np.float32)
    once, twice = (
        Predictor(BrightModel(), second_look=look).segment(volume, "Nodule.").findings[0] for look in (False, True)
    )
    assert twice.looked_twice and twice.key_plane == 2
    assert dice(twice.mask[2], truth) > dice(once.mask[2], truth)
    assert not twice.mask[:2].any()


def test_only_small_findings_are_asked_again_each_alone_and_without_untrue_words():
    model = BrightModel()
    shown = picture(nodule=(210, 50, 6), effusion=(100, 120, 60), consolidation=(30, 200, 10))
    report = "Small round calcified nodule in the left upper lobe, 4 mm. Pleural effusion. Large consolidation."
    result = Predictor(model, second_look=True).segment(shown, report, modality="chest_xray")
    assert [found.looked_twice for found in result.findings] == [True, False, True]
    assert [len(planes) for planes in model.shown] == [1, 2]
    (nodule,), (consolidation,) = model.asked[1]
    assert nodule.location == Location() and nodule.shape == Shape(("round",)) and nodule.texture.attributes
    assert consolidation.shape == Shape()
    assert [found.finding for found in result.findings] == list(parse_report(report, "chest_xray"))


def test_overlap_stays_and_the_other_findings_are_untouched():
    shown = picture(nodule=(150, 100, 8), consolidation=(154, 100, 8))
    report = "Nodule. Consolidation."
    twice = Predictor(BrightModel(), second_look=True).segment(shown, report).findings
    assert (twice[0].mask & twice[1].mask).any()
    shown[..., 2] = disc(shown.shape[:2], 150, 100, 90)
    once = Predictor(BrightModel()).segment(shown, report).findings[1]
    twice = Predictor(BrightModel(), second_look=True).segment(shown, report).findings
    assert twice[0].looked_twice and not twice[1].looked_twice
    np.testing.assert_array_equal(twice[1].probability, once.probability)


def test_many_windows_go_through_in_batches():
    model = BrightModel()
    priors = ReportPriors(tuple(Finding("nodule") for _ in range(34)))
    result = Predictor(model, second_look=True).segment(picture(nodule=(210, 50, 6)), priors)
    assert all(found.looked_twice for found in result.findings)
    # 32 findings share an encoding; their windows, and those of the other two, go in fours.
    assert [len(planes) for planes in model.shown] == [1, *[4] * 8, 1, 2]


def test_clicks_move_with_the_window_and_widen_it():
    model, shown = BrightModel(), picture((600, 600), nodule=(300, 300, 10))
    prompts = {"nodule": UserPrompt(points=((360, 300), (5, 5)), labels=(1, 0), box=(290, 280, 320, 320))}
    Predictor(model, second_look=True).segment(shown, "Nodule.", prompts=prompts)
    first, second = model.prompted
    (window,) = model.shown[1]
    assert window.shape == (400, 400, 3)
    scale = 64 / 400
    left, top = 325 - 200, 300 - 200
    np.testing.assert_allclose(second.points[0, 0, 0], np.array([360 - left, 300 - top]) * scale, atol=1e-4)
    np.testing.assert_allclose(second.boxes[0, 0, :2], np.array([290 - left, 280 - top]) * scale, atol=1e-4)
    assert first.labels.tolist() == [[[1, 0]]] and second.labels.tolist() == [[[1]]]
    beyond = {"nodule": UserPrompt(points=((590, 590),))}
    model = BrightModel()
    Predictor(model, second_look=True).segment(shown, "Nodule.", prompts=beyond)
    assert len(model.shown) == 1  # what the user means is not small


def test_of_a_volume_each_plane_is_looked_at_by_itself():
    volume = np.zeros((6, 200, 200), np.float32)
    for z in (1, 2):
        volume[z] = disc((200, 200), 60 + 40 * z, 80, 7)
    volume[4] = disc((200, 200), 100, 100, 70)
    model = BrightModel()
    found = Predictor(model, second_look=True).segment(volume, "Nodule.").findings[0]
    assert [len(planes) for planes in model.shown] == [4, 2, 2]
    assert found.looked_twice and dice(found.mask, volume > 0) > 0.95


def test_both_options_together_mirror_the_window_too():
    model, shown = BrightModel(), picture(nodule=(210, 50, 6))
    result = Predictor(model, flips=True, second_look=True).segment(shown, REPORT, modality="chest_xray")
    assert len(model.shown) == 4
    np.testing.assert_array_equal(model.shown[3][0], model.shown[2][0][:, ::-1])
    assert dice(result.findings[0].mask, shown[..., 0] > 0) > 0.9
    assert result.looks.settings() == {"flips": True, "second_look": True}


def test_real_weights_take_both(random_model):
    shown = np.random.default_rng(0).random((200, 260)).astype(np.float32)
    plain = load(random_model).segment(shown, REPORT, modality="chest_xray")
    for looks in ({"second_look": True}, {"flips": True, "second_look": True}):
        found = load(random_model, **looks).segment(shown, REPORT, modality="chest_xray")
        for one, other in zip(plain.findings, found.findings, strict=True):
            assert other.probability.shape == one.probability.shape and np.isfinite(other.probability).all()


def test_closer_findings_keep_what_is_true_of_a_part():
    evidence = Evidence(((0, 1),), (), ((2, 3),), ((4, 5),), ((6, 7),))
    finding = Finding(
        "nodule", "uncertain", Location("left", ("upper_lobe",)), Texture(("calcified",)),
        Shape(("small", "round"), (4.0,), 2), evidence,
    )  # fmt: skip
    closer = closer_finding(finding, load_lexicon())
    assert closer == Finding(
        "nodule", "uncertain", Location(), Texture(("calcified",)), Shape(("round",), (), 2),
        Evidence(((0, 1),), (), (), ((4, 5),), ()),
    )  # fmt: skip
    assert closer_finding(closer, load_lexicon()) == closer


@given(st.integers(8, 2000), st.integers(8, 2000), st.sampled_from([64, 256, 1024]), st.data())
def test_a_window_always_brings_something_and_never_enlarges_pixels(height, width, size, data):
    left, top = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    right, bottom = data.draw(st.integers(left + 1, width)), data.draw(st.integers(top + 1, height))
    window = worth_a_look((left, top, right, bottom), Square.fit((height, width), size))
    whole = max(height, width)
    if window is None:
        large = max(right - left, bottom - top) >= SMALL * whole
        assert large or max(MARGIN * SMALL, LEAST, size / whole) * LEAST_GAIN > 1
        return
    longest = max(window.width, window.height)
    assert longest * LEAST_GAIN <= whole + LEAST_GAIN
    assert longest >= min(size, whole)
    assert 0 <= window.left <= left and right <= window.left + window.width <= width
    assert 0 <= window.top <= top and bottom <= window.top + window.height <= height
