"""What was computed of pictures, kept for the next question on the same picture: trunks and guided encodings."""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from medsegr.backbones.trunk_store import TrunkStore
from medsegr.cognition.prior_embedding import PriorBatch
from medsegr.errors import ConfigError
from medsegr.inference.drawn_findings import Drawn
from medsegr.inference.trunk_memory import TrunkMemory, origin_of
from medsegr.inference.volume_memory import VolumeMemory
from medsegr.model.report_guided_sam import ReportGuidedSam

REMEMBERED = 512_000_000
"""Bytes that are enough for dozens of pictures."""

SHARE = 0.5
"""Of the bytes, for trunks; the rest is for guided encodings, which are of the same size."""


class PictureMemory:
    """Pictures -> their trunks, and pictures with priors -> their guided encodings: the longest unused go first.

    A second report on a picture finds its trunk; a click or a box, and the same report once more, find the encoding
    and what the decoder drew of it. Encodings are kept of pictures that are asked alone. Whoever asks holds the
    predictor's lock while what was found is used.

    Args:
        limit_bytes: Of all together.
        folder: Where trunks lie on disk as well, as many bytes again; see :class:`TrunkMemory`.

    Raises:
        ConfigError: The limit is no number from 0.
        OutputError: The folder cannot be made.

    Attributes:
        trunks: Those of the pictures.
        volume: What was drawn of the last volume, beyond the limit, for as long as somebody holds that volume.
        found, computed: How many encodings were found, and how many were computed, since the start.
    """

    def __init__(self, limit_bytes: int, folder: Path | None = None) -> None:
        if limit_bytes < 0:
            raise ConfigError(f"A memory of pictures holds {limit_bytes} bytes; expected 0 or more.")
        store = None if folder is None else TrunkStore(folder, limit_bytes, replaces=True)
        self.trunks = TrunkMemory(int(SHARE * limit_bytes), store)
        self.limit_bytes = limit_bytes - self.trunks.limit_bytes
        self.volume = VolumeMemory()
        self.found = self.computed = 0
        self._kept: OrderedDict[str, Drawn] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """How many encodings are kept."""
        return len(self._kept)

    def __bool__(self) -> bool:
        return True

    def drawn(
        self,
        model: ReportGuidedSam,
        pixels: Float[Tensor, "1 3 s s"],
        priors: PriorBatch,
        draw: Callable[[], Drawn],
    ) -> Drawn:
        """The encoding of one picture for these priors, and what was drawn of it.

        Args:
            model: In evaluation mode.
            pixels: From ``model.preprocess``.
            priors: From ``model.encode_findings``.
            draw: Computes the encoding where it is not at hand.
        """
        key = _key(model, pixels, priors)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                self.found += 1
                return self._kept[key]
        made = draw()
        with self._lock:
            self.computed += 1
            self._kept[key] = made
        return made

    def settle(self) -> None:
        """Let go of the longest unused, once what was asked is drawn."""
        with self._lock:
            sizes = [drawn.bytes for drawn in self._kept.values()]
            while self._kept and sum(sizes) > self.limit_bytes:
                self._kept.popitem(last=False)
                sizes.pop(0)


def _key(model: ReportGuidedSam, pixels: Float[Tensor, "1 3 s s"], priors: PriorBatch) -> str:
    digest = hashlib.sha256(origin_of(model, model.adapter))
    parts: dict[str, Tensor | None] = {"pixels": pixels, **vars(priors)}
    for name, part in parts.items():
        if isinstance(part, torch.Tensor):
            digest.update(f"{name} {tuple(part.shape)} ".encode() + part.cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
