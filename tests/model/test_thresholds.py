"""Support thresholds by modality: what sets them, what reads them, what they decide."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsegr.errors import CheckpointError
from medsegr.model.thresholds import DEFAULT_SUPPORT_THRESHOLD, ENOUGH, SupportThresholds

SUPPORTS = st.lists(st.floats(0, 1, width=32), min_size=ENOUGH, max_size=60)


@given(SUPPORTS, SUPPORTS)
def test_each_modality_keeps_its_share(first, second):
    found = SupportThresholds.keeping({"chest_ct": first, "colonoscopy": second})
    for modality, supports in (("chest_ct", first), ("colonoscopy", second)):
        lost = np.count_nonzero(np.array(supports) < found.of(modality) - 1e-4)
        assert lost <= np.ceil(0.05 * (len(supports) - 1))
        assert found.of(modality) <= DEFAULT_SUPPORT_THRESHOLD


@given(SUPPORTS)
def test_of_one_modality_its_own_is_that_of_all(supports):
    found = SupportThresholds.keeping({"chest_ct": supports})
    assert found.of("chest_ct") == found.of(None) == found.of("colonoscopy") == found.overall


def test_few_findings_say_nothing_of_their_modality():
    found = SupportThresholds.keeping({"chest_ct": [0.4] * 40, "colonoscopy": [0.01] * (ENOUGH - 1), None: [0.4] * 40})
    assert "colonoscopy" not in found.of_modality and found.of("colonoscopy") == found.overall
    assert list(found.of_modality) == ["chest_ct"]


def test_nothing_sets_the_default():
    assert SupportThresholds.keeping({}) == SupportThresholds() == SupportThresholds.from_metadata({})


def test_metadata_there_and_back():
    thresholds = SupportThresholds(0.3, {"chest_ct": 0.2, "colonoscopy": 0.05})
    assert SupportThresholds.from_metadata(thresholds.metadata()) == thresholds
    assert SupportThresholds(0.3).metadata() == {"support_threshold": 0.3}


@pytest.mark.parametrize(
    "metadata",
    [
        {"support_threshold": 1.5},
        {"support_threshold": "high"},
        {"support_thresholds": 0.3},
        {"support_thresholds": {"chest_ct": float("nan")}},
    ],
)
def test_damaged_metadata_are_named(metadata):
    with pytest.raises(CheckpointError, match="no number from 0 to 1"):
        SupportThresholds.from_metadata(metadata)
