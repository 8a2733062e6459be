"""What else the truth holds: overlap, mix-ups, and the classes made of them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra import numpy as arrays

from medsegr.evaluation.labels import confused_pixels, other_labels, overlap_share
from medsegr.evaluation.strata import frame_share, overlap_stratum, size_stratum
from tests.evaluation.made import case_of

MASKS = arrays.arrays(bool, (4, 5))


def box(left: int, right: int) -> np.ndarray:
    mask = np.zeros((10, 20), bool)
    mask[2:6, left:right] = True
    return mask


def test_other_structures_and_other_objects_of_its_kind() -> None:
    lung, heart, first, second = box(0, 12), box(10, 20), box(2, 6), box(4, 8)
    case = case_of(
        {"left_lung": lung, "cardiomediastinum": heart, "nodule": first | second, "airways": np.zeros_like(lung)},
        {"f1": ("nodule", first), "f2": ("nodule", second)},
        shape=(10, 20),
    )
    others = other_labels("nodule", first, case)
    assert set(others) == {"left_lung", "cardiomediastinum", "nodule"}
    assert np.array_equal(others["nodule"], second)
    assert overlap_share(first, {"nodule": second}) == 0.5
    assert overlap_share(first, others) == 1.0
    assert overlap_share(np.zeros_like(first), others) is None


def test_the_sides_of_an_organ_are_the_organ_itself() -> None:
    left, right = box(12, 18), box(1, 7)
    case = case_of({"left_lung": left, "right_lung": right}, shape=(10, 20))
    assert other_labels("lung", left | right, case) == {}
    assert list(other_labels("left_lung", left, case)) == ["right_lung"]


def test_the_other_side_of_a_structure_is_another_of_its_kind() -> None:
    left, right = box(12, 18), box(1, 7)
    case = case_of({"pleural_effusion": left | right}, shape=(10, 20))
    others = other_labels("pleural_effusion", left, case)
    assert np.array_equal(others["pleural_effusion"], right)


def test_confusion_is_of_pixels_in_something_else_and_not_in_the_finding() -> None:
    truth, lung, heart = box(2, 6), box(4, 10), box(8, 14)
    mask = box(3, 12)  # 4 rows x 9 columns; columns 3-5 are right
    others = {"lung": lung, "heart": heart, "far": box(18, 20)}
    found, anywhere, alike = confused_pixels(mask, truth, others, "nodule")
    assert found == {"lung": 4 * 4, "heart": 4 * 4}
    assert (anywhere, alike) == (4 * 6, 0)
    assert confused_pixels(mask, truth, others, "heart") == (found, 4 * 6, 4 * 2)  # columns 10 and 11: no lung there


@settings(deadline=None)
@given(MASKS, MASKS, MASKS, MASKS)
def test_confusion_agrees_with_looking_at_each_pixel(mask, truth, first, second) -> None:
    found, anywhere, alike = confused_pixels(mask, truth, {"a": first, "b": second}, "b")
    places = [p for p in np.ndindex(mask.shape) if mask[p] and not truth[p]]
    assert found.get("a", 0) == sum(bool(first[p]) for p in places)
    assert found.get("b", 0) == sum(bool(second[p]) for p in places)
    assert anywhere == sum(bool(first[p] or second[p]) for p in places)
    assert alike == sum(bool(second[p] and not first[p]) for p in places)
    if truth.any():
        both = sum(bool(truth[p] and (first[p] or second[p])) for p in np.ndindex(mask.shape))
        assert overlap_share(truth, {"a": first, "b": second}) == pytest.approx(both / truth.sum())


@pytest.mark.parametrize(
    ("share", "stratum"), [(0.0, ""), (0.0099, "< 1 %"), (0.01, "1-5 %"), (0.05, "1-5 %"), (0.0501, "> 5 %")]
)
def test_classes_of_size(share: float, stratum: str) -> None:
    assert size_stratum(share) == stratum


@pytest.mark.parametrize(
    ("share", "stratum"), [(None, ""), (0.0, "none"), (0.001, "< 50 %"), (0.5, ">= 50 %"), (1.0, ">= 50 %")]
)
def test_classes_of_overlap(share: float | None, stratum: str) -> None:
    assert overlap_stratum(share) == stratum


def test_the_frame_of_a_volume_is_its_fullest_plane() -> None:
    volume = np.zeros((50, 10, 10), bool)
    volume[7, :2] = True
    assert frame_share(volume) == 0.2 and frame_share(volume[7]) == 0.2


def test_what_a_broader_word_means_is_the_finding_itself() -> None:
    hazy, dense = box(0, 6), box(10, 16)
    case = case_of({"ground_glass_opacity": hazy, "consolidation": dense, "airways": box(7, 9)}, shape=(10, 20))
    assert list(other_labels("airspace_opacity", hazy | dense, case)) == ["airways"]
    assert set(other_labels("consolidation", dense, case)) == {"ground_glass_opacity", "airways"}
