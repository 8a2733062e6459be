"""Words of derived reports, as ``words.yaml`` has them: the lexicon's own, without those that would say more than
a mask knows.

A glioma, a melanoma or an adenoma is a diagnosis, so a mask of a brain tumour is
never called one. Targets and attributes that are not listed are spoken of by
their canonical names.
"""

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import yaml

_READ: dict[str, Any] = yaml.safe_load(files("medsegr.describe").joinpath("words.yaml").read_text(encoding="utf-8"))


def _of_each(name: str) -> dict[Any, tuple[str, ...]]:
    return {key: tuple(listed) for key, listed in _READ[name].items()}


NOUNS: Mapping[str, tuple[tuple[str, str], ...]] = {
    target: tuple((one, many) for one, many in pairs) for target, pairs in _READ["nouns"].items()
}
UNCOUNTED, LUNG_TARGETS = frozenset(_READ["uncounted"]), frozenset(_READ["lung_targets"])
ADJECTIVES, COUNTS, ZONES, OPENINGS = (_of_each(name) for name in ("adjectives", "counts", "zones", "openings"))
SIDES, LUNG_SIDES = _of_each("sides"), _of_each("lung_sides")
WITH_ARTICLE, SIZE_CLASSES, PICTURES, PRESENT, ORGANS, ORGAN_SEEN, ABSENT = (
    tuple(_READ[name])
    for name in ("with_article", "size_classes", "pictures", "present", "organs", "organ_seen", "absent")
)
ORGAN_MEASURED, ORGAN_SIZED = str(_READ["organ_measured"]), str(_READ["organ_sized"])
