"""Clicks and boxes that a user adds to a finding of the report."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import repeat
from math import isfinite
from numbers import Integral
from typing import Any

import numpy as np
import torch

from medsegr.backbones.decoder_input import Prompts
from medsegr.cognition.priors import Finding
from medsegr.data.image import MedicalImage
from medsegr.errors import ConfigError
from medsegr.inference.crop import Bounds, Window
from medsegr.square import Square


@dataclass(frozen=True)
class UserPrompt:
    """What a user clicked for one finding, in pixels of the picture: x to the right, y down, from 0.

    Attributes:
        points: (x, y) of each click.
        labels: 1 inside the finding, 0 outside, one per click; all 1 by default.
        box: (x1, y1, x2, y2) around the finding, or None.
        planes: Of a volume the plane of each click, from 0, as displayed; of a picture none.

    Raises:
        ConfigError: Neither a click nor a box, or not of such numbers. Lists and arrays are taken too.
    """

    points: tuple[tuple[float, float], ...] = ()
    labels: tuple[int, ...] = ()
    box: tuple[float, float, float, float] | None = None
    planes: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "points", tuple(_numbers(point, 2, "a click") for point in self.points))
        object.__setattr__(self, "labels", tuple(self.labels))
        object.__setattr__(self, "planes", tuple(self.planes))
        object.__setattr__(self, "box", None if self.box is None else _numbers(self.box, 4, "a box"))
        if not self.points and self.box is None:
            raise ConfigError("A prompt holds neither a click nor a box; give points or a box.")
        if self.labels and (len(self.labels) != len(self.points) or set(self.labels) - {0, 1}):
            raise ConfigError(
                f"A prompt has labels {self.labels} for {len(self.points)} clicks; expected 0 or 1 for each."
            )
        if self.box is not None and not (self.box[0] < self.box[2] and self.box[1] < self.box[3]):
            raise ConfigError(f"A prompt's box is {self.box}; expected (x1, y1, x2, y2) with x1 < x2 and y1 < y2.")

    def check_inside(self, size: tuple[int, int]) -> None:
        """Raise a ConfigError where a click or the box lies outside a picture of (H, W) pixels."""
        height, width = size
        corners = () if self.box is None else (self.box[:2], self.box[2:])
        for x, y in (*self.points, *corners):
            if not (0 <= x <= width and 0 <= y <= height):
                raise ConfigError(f"A prompt at ({x:g}, {y:g}) lies outside the picture of {width} x {height} pixels.")

    def check_image(self, image: MedicalImage) -> None:
        """Raise a ConfigError for a box in a volume, clicks there without planes of it, and planes of a picture."""
        if not image.is_volume and self.planes:
            raise ConfigError("A prompt names planes of a volume, and this is a picture; leave 'planes' out.")
        if not image.is_volume:
            return
        if self.box is not None or len(self.planes) != len(self.points):
            raise ConfigError(
                f"Of a volume every click names its plane ('planes', 0 to {image.planes - 1}), and boxes are for "
                f"pictures; {len(self.points)} clicks came with {len(self.planes)} planes."
            )
        if not all(isinstance(plane, Integral) and 0 <= plane < image.planes for plane in self.planes):
            raise ConfigError(f"A click names a plane that the volume does not have; it has 0 to {image.planes - 1}.")
        self.check_inside(image.size)

    def of_plane(self, plane: int) -> "UserPrompt | None":
        """The clicks of one plane of a volume, as of a picture; None where there is none."""
        kept = [k for k, own in enumerate(self.planes) if own == plane]
        labels = self.labels or (1,) * len(self.points)
        return UserPrompt(tuple(self.points[k] for k in kept), tuple(labels[k] for k in kept)) if kept else None

    def in_square(self, square: Square) -> Prompts:
        """The same in pixels of the host's square, as one finding of one image.

        Raises:
            ConfigError: A click lies outside the picture.
        """
        self.check_inside(square.original)
        points = labels = boxes = None
        if self.points:
            points = square.points_in(torch.from_numpy(np.array(self.points, np.float32)))[None, None]
            labels = torch.from_numpy(np.array(self.labels or (1,) * len(self.points), np.int64))[None, None]
        if self.box is not None:
            boxes = square.points_in(torch.from_numpy(np.array(self.box, np.float32).reshape(2, 2))).view(1, 1, 4)
        return Prompts(points, labels, boxes)

    def mirrored(self, width: float) -> "UserPrompt":
        """The same in a picture of this width that is mirrored left to right."""
        box = self.box and (width - self.box[2], self.box[1], width - self.box[0], self.box[3])
        return replace(self, points=tuple((width - x, y) for x, y in self.points), box=box)

    def bounds(self) -> Bounds | None:
        """What the finding reaches by this prompt: its box and the clicks inside it; None of clicks outside alone."""
        inside = [point for point, label in zip(self.points, self.labels or repeat(1), strict=False) if label]
        corners = [*inside, *((self.box[:2], self.box[2:]) if self.box else ())]
        if not corners:
            return None
        columns, rows = zip(*corners, strict=True)
        return min(columns), min(rows), max(columns), max(rows)

    def within(self, window: Window) -> "UserPrompt | None":
        """The same in pixels of a window that holds the box; clicks beyond it are dropped, None where none is left."""
        kept = [
            ((x - window.left, y - window.top), label)
            for (x, y), label in zip(self.points, self.labels or repeat(1), strict=False)
            if 0 <= x - window.left <= window.width and 0 <= y - window.top <= window.height
        ]
        box = self.box and (
            self.box[0] - window.left, self.box[1] - window.top, self.box[2] - window.left, self.box[3] - window.top
        )  # fmt: skip
        if not kept and box is None:
            return None
        return UserPrompt(tuple(point for point, _ in kept), tuple(label for _, label in kept), box)


def _numbers(values: Iterable[float], count: int, what: str) -> tuple[Any, ...]:
    try:
        numbers = tuple(float(value) for value in values)
    except (TypeError, ValueError):
        numbers = ()
    if len(numbers) != count or not all(map(isfinite, numbers)):
        raise ConfigError(f"A prompt holds {what} that is not of {count} numbers; expected points=((x, y), ...), "
                          "box=(x1, y1, x2, y2).")  # fmt: skip
    return numbers


def prompts_by_place(
    prompts: Mapping[str, UserPrompt], findings: Sequence[Finding], ids: Sequence[str], image: MedicalImage
) -> dict[int, UserPrompt]:
    """Prompts keyed by a finding's id or target -> keyed by the finding's place.

    Raises:
        ConfigError: A key names no finding, or several; two name the same; or clicks in a volume name no planes.
    """
    for prompt in prompts.values():
        prompt.check_image(image)
    placed: dict[int, UserPrompt] = {}
    for key, prompt in prompts.items():
        places = [k for k, id in enumerate(ids) if id == key] or [
            k for k, finding in enumerate(findings) if finding.target == key
        ]
        if len(places) != 1:
            raise ConfigError(f"A prompt for '{key}' fits {len(places)} findings; name one of: {', '.join(ids)}.")
        if findings[places[0]].presence == "absent":
            raise ConfigError(f"A prompt for '{key}' contradicts the report, which says that it is absent.")
        if places[0] in placed:
            raise ConfigError(f"Two prompts are for '{ids[places[0]]}'; give one that holds all clicks and the box.")
        placed[places[0]] = prompt
    return placed
