"""What a host computes of a picture before the report comes in, kept for the next report on the same picture."""

import hashlib
import threading
from collections import OrderedDict

import torch
from jaxtyping import Float
from torch import Tensor, nn

from medsegr.backbones.trunk import Trunk
from medsegr.errors import ConfigError
from medsegr.model.report_guided_sam import ReportGuidedSam


class TrunkMemory:
    """Pictures -> their trunks, in memory: the longest unused go first.

    A picture is known by its pixels as the host sees them, and by the weights that computed its trunk, so that a
    wrong trunk cannot be found. Calls from several threads are safe.

    Args:
        limit_bytes: Of all trunks together; one that is larger alone is not kept.

    Raises:
        ConfigError: The limit is no number from 0.

    Attributes:
        found, computed: How many pictures were found, and how many were computed, since the start.
    """

    def __init__(self, limit_bytes: int) -> None:
        if limit_bytes < 0:
            raise ConfigError(f"A memory of trunks holds {limit_bytes} bytes; expected 0 or more.")
        self.limit_bytes = limit_bytes
        self.found = self.computed = 0
        self._kept: OrderedDict[str, tuple[Tensor, ...]] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._kept)

    def trunk(self, model: ReportGuidedSam, pixels: Float[Tensor, "b 3 s s"]) -> Trunk | None:
        """The trunk of a batch, on its device; those that are missing are computed together.

        Args:
            model: In evaluation mode.
            pixels: From ``model.preprocess``, on the model's device.

        Returns:
            None where the host cannot stop where guidance begins: it is to encode the pictures whole.
        """
        if not stops_at_trunk(model):
            return None
        origin = origin_of(model)
        keys = [hashlib.sha256(origin + one.contiguous().numpy().tobytes()).hexdigest() for one in pixels.cpu()]
        with self._lock:
            found = {key: self._kept[key] for key in keys if key in self._kept}
            for key in found:
                self._kept.move_to_end(key)
        missing = [key for key in dict.fromkeys(keys) if key not in found]
        self.found, self.computed = self.found + len(keys) - len(missing), self.computed + len(missing)
        if missing:
            made = model.trunk(pixels[[keys.index(key) for key in missing]]).tensors
            for row, key in enumerate(missing):
                found[key] = tuple(level[row].clone() for level in made)
                self._keep(key, found[key])
        levels = zip(*(found[key] for key in keys), strict=True)
        return Trunk(model.trunk_block, tuple(torch.stack(level) for level in levels))

    def _keep(self, key: str, trunk: tuple[Tensor, ...]) -> None:
        with self._lock:
            if key in self._kept or _size(trunk) > self.limit_bytes:
                return
            self._kept[key] = trunk
            self._bytes += _size(trunk)
            while self._bytes > self.limit_bytes:
                self._bytes -= _size(self._kept.popitem(last=False)[1])


def stops_at_trunk(model: ReportGuidedSam) -> bool:
    """Whether the host can stop where guidance begins, and go on from there."""
    return not model.backbone.whole and (model.trunk_block is None or model.backbone.divides)


def origin_of(model: ReportGuidedSam, *parts: nn.Module) -> bytes:
    """What tells one state of a model from another, also after weights were changed in place.

    Args:
        model: Its host counts.
        parts: Of it that count besides.
    """
    weights = [
        (t.data_ptr(), 0 if t.is_inference() else t._version)
        for part in (model.backbone.model, *parts)
        for t in (*part.parameters(), *part.buffers())
    ]
    return repr((model.active, model.trunk_block, weights)).encode()


def _size(trunk: tuple[Tensor, ...]) -> int:
    return sum(level.nelement() * level.element_size() for level in trunk)
