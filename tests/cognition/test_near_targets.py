"""Names that somebody may have meant: those of the picture's own region come first."""

import pytest

from medsegr.cognition.lexicon import canonical_target, load_lexicon
from medsegr.cognition.near_targets import near_targets
from medsegr.errors import ConfigError

TARGETS = load_lexicon().targets.values()


@pytest.mark.parametrize(
    ("name", "regions", "first"),
    [("cyst", ("breast",), ["breast_cyst"]), ("cyst", ("abdomen",), ["liver_cyst", "kidney_cyst"])],
)
def test_the_regions_own_come_first(name, regions, first):
    near = near_targets(name, TARGETS, regions)
    assert near[: len(first)] == first and "lung_cyst" in near


def test_without_a_region_the_most_alike():
    assert near_targets("pneumothorx", TARGETS)[0] == "pneumothorax"
    assert near_targets("windsock", TARGETS) == []


def test_the_message_suggests_them_for_the_picture():
    with pytest.raises(ConfigError, match="Did you mean breast_cyst or"):
        canonical_target("cyst", modality="breast_ultrasound")
    with pytest.raises(ConfigError, match="Did you mean lung_cyst or"):
        canonical_target("cyst")
