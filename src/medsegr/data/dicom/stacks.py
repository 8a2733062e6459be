"""Stacks: the planes of many files, told apart by study, series, direction, size and time.

A series is not yet a volume. It may hold a scout beside the scan, two directions, several time points, echoes or
weights at the same places, or the same slice twice; each group that makes one image becomes one stack.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from medsegr.data.dicom.header import number
from medsegr.data.dicom.modality import modality_code
from medsegr.data.dicom.planes import TOLD_APART_BY, StoredPlane
from medsegr.data.dicom.slice_order import LEAST_STEP_MM, distance, stack_affine
from medsegr.errors import ImageError

PARALLEL = 0.005
"""Most that the components of two planes' directions differ if the two are parallel: 0.3 degrees."""


@dataclass(frozen=True, eq=False)
class Stack:
    """Planes that make one image.

    Attributes:
        planes: In order of growing distance along row direction x column direction; as stored where unplaced.
        affine: (4, 4), stored (i, j, k) -> RAS+ mm; None where the place is not known.
        apart: What tells it from other stacks of its series, in words: "time 2 of 4".
        fault: Why it cannot be read as one image; None where it can.
        name: Its number among all that were found, as the user may name it.
    """

    planes: tuple[StoredPlane, ...]
    affine: np.ndarray | None = None
    apart: str = ""
    fault: str | None = None
    notes: tuple[str, ...] = ()
    name: str = "1"

    @property
    def first(self) -> StoredPlane:
        """Its first plane, whose header speaks for all."""
        return self.planes[0]

    @property
    def study_uid(self) -> str:
        return self.first.shared.study_uid

    @property
    def series_uid(self) -> str:
        return self.first.shared.series_uid

    @property
    def is_localizer(self) -> bool:
        """True for a scout."""
        return self.first.is_localizer

    @property
    def is_complete_by_itself(self) -> bool:
        """True where it cannot lack a slice that lay in another file: radiographs, loops, enhanced objects."""
        return (self.affine is None and self.fault is None) or self.first.shared.frames > 1

    def __str__(self) -> str:
        rows, columns = self.first.size
        kind = "localizer" if self.is_localizer else modality_code(self.first.header)
        parts = [f"{self.name}: {kind}", f"{columns} x {rows}", f"{len(self.planes)} slice(s)"]
        series = number(self.first.header, "SeriesNumber")
        parts += [f"series {int(series)}"] if series is not None else []
        return ", ".join([*parts, *([self.apart] if self.apart else [])])


def stacks_of(planes: Iterable[StoredPlane]) -> list[Stack]:
    """Planes of any number of studies -> stacks, by study, series number, and as found."""
    series: defaultdict[tuple[str, str], list[StoredPlane]] = defaultdict(list)
    for plane in planes:
        series[plane.shared.study_uid, plane.shared.series_uid].append(plane)

    def order(uids: tuple[str, str]) -> tuple[str, float, str]:
        return uids[0], number(series[uids][0].header, "SeriesNumber") or 0, uids[1]

    found = [stack for uids in sorted(series, key=order) for stack in _of_series(series[uids])]
    return [replace(stack, name=str(index)) for index, stack in enumerate(found, 1)]


def _of_series(planes: Sequence[StoredPlane]) -> list[Stack]:
    once: dict[tuple[str, int], StoredPlane] = {}
    for plane in planes:
        kept = once.setdefault((plane.shared.instance_uid or str(plane.file), plane.number), plane)
        if kept.is_placed and plane.is_placed and kept.place.apart(plane.place) > LEAST_STEP_MM:
            fault = ("Slices of different places carry one SOPInstanceUID, so that no two of them can be told apart. "
                     "Export the series again.")  # fmt: skip
            return [Stack(tuple(planes), fault=fault)]
    twice = len(planes) - len(once)
    notes = (f"{twice} slice(s) were there twice, under one SOPInstanceUID; one of each was read",) if twice else ()
    groups: list[list[StoredPlane]] = []
    for plane in once.values():
        group = next((group for group in groups if _belong_together(group[0], plane)), None)
        if group is None:
            groups.append([plane])
        else:
            group.append(plane)
    return [replace(stack, notes=(*stack.notes, *notes)) for group in groups for stack in _of_group(group)]


def _belong_together(one: StoredPlane, other: StoredPlane) -> bool:
    if one.file == other.file and not (one.is_placed and other.is_placed):
        return True  # frames without a place: a loop, or tiles
    if not (one.is_placed and other.is_placed) or one.shared.is_projection or other.shared.is_projection:
        return False
    alike = one.size == other.size and one.shared.look == other.shared.look and one.is_localizer == other.is_localizer
    near = np.allclose(one.place.spacing, other.place.spacing, rtol=1e-3)
    return alike and near and bool(np.abs(one.place.directions - other.place.directions).max() <= PARALLEL)


def _of_group(planes: list[StoredPlane]) -> list[Stack]:
    """Planes of one direction and size -> one stack for each time, echo or weight."""
    if not planes[0].is_placed or planes[0].shared.is_projection:
        return [Stack(tuple(planes))]
    planes = sorted(planes, key=distance)
    places = _places(planes)
    if len(places) == len(planes):
        return [_placed(planes)]
    parts = _told_apart(places)
    if parts is None:
        counts = sorted({len(place) for place in places})
        fault = (f"{len(planes)} slices lie at {len(places)} places, {counts[0]} to {counts[-1]} at each, and nothing "
                 "in the headers tells them apart. Give one of each.")  # fmt: skip
        return [Stack(tuple(planes), fault=fault)]
    return [_placed(part, f"time or kind {index} of {len(parts)}") for index, part in enumerate(parts, 1)]


def _placed(planes: list[StoredPlane], apart: str = "") -> Stack:
    try:
        return Stack(tuple(planes), stack_affine(planes), apart)
    except ImageError as error:
        return Stack(tuple(planes), None, apart, str(error))


def _places(planes: list[StoredPlane]) -> list[list[StoredPlane]]:
    """Ordered planes -> those at the same place together."""
    places = [[planes[0]]]
    for plane in planes[1:]:
        if plane.place.apart(places[-1][0].place) <= LEAST_STEP_MM:
            places[-1].append(plane)
        else:
            places.append([plane])
    return places


def _told_apart(places: list[list[StoredPlane]]) -> list[list[StoredPlane]] | None:
    """Planes at the same places -> one list for each time; None where nothing tells them apart.

    A tag tells them apart where each of its values is there at every place; several tags may do so one after another.
    """
    for tag in TOLD_APART_BY:
        parts: defaultdict[str, list[StoredPlane]] = defaultdict(list)
        for place in places:
            for plane in place:
                parts[plane.told_apart_by(tag)].append(plane)
        apart = [_places(parts[key]) for key in sorted(parts, key=_in_order)]
        if len(apart) == 1 or any(len(part) != len(places) for part in apart):
            continue
        finer = [[[each[0] for each in part]] if all(len(each) == 1 for each in part) else _told_apart(part)
                 for part in apart]  # fmt: skip
        if all(part is not None for part in finer):
            return [one for part in finer if part is not None for one in part]
    return None


def _in_order(key: str) -> tuple[float, str]:
    try:
        return float(key), ""
    except ValueError:
        return float("inf"), key
