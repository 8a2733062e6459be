"""What a host computes of a picture before the report comes in, kept for the next report on the same picture."""

import hashlib
import threading
from collections import OrderedDict

import torch
from jaxtyping import Float
from torch import Tensor, nn

from medsegr.backbones.trunk import Trunk
from medsegr.backbones.trunk_store import TrunkStore, weights_digest
from medsegr.errors import ConfigError
from medsegr.inference.backends.choice import backend_record
from medsegr.model.divided_host import stops_at_trunk
from medsegr.model.report_guided_sam import ReportGuidedSam

FORMAT = 2
"""Number of how files are named; another one where the same name would mean something else."""


class TrunkMemory:
    """Pictures -> their trunks, in memory, and in a folder where one is named: the longest unused go first.

    A picture is known by its pixels as the host sees them, and by the weights that computed its trunk, so that a
    wrong trunk cannot be found. Calls from several threads are safe, and several processes may share the folder.

    Args:
        limit_bytes: Of all trunks together; one that is larger alone is not kept.
        store: Where they lie on disk as well, for other processes and later ones; the pictures cannot be read from
            them by eye, but they are made of a patient's picture: a folder as private as these.

    Raises:
        ConfigError: The limit is no number from 0.

    Attributes:
        found, computed: How many pictures were found, and how many were computed, since the start.
    """

    def __init__(self, limit_bytes: int, store: TrunkStore | None = None) -> None:
        if limit_bytes < 0:
            raise ConfigError(f"A memory of trunks holds {limit_bytes} bytes; expected 0 or more.")
        self.limit_bytes, self.store = limit_bytes, store
        self._lasting: tuple[bytes, bytes] = (b"", b"")
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
        found |= self._stored(model, origin, {key: k for k, key in enumerate(keys) if key not in found}, pixels)
        missing = [key for key in dict.fromkeys(keys) if key not in found]
        self.found, self.computed = self.found + len(keys) - len(missing), self.computed + len(missing)
        if missing:
            made = model.trunk(pixels[[keys.index(key) for key in missing]]).tensors
            for row, key in enumerate(missing):
                found[key] = tuple(level[row].clone() for level in made)
                self._keep(key, found[key])
                if self.store is not None:
                    self.store.write(self._name(model, origin, pixels[keys.index(key)]), _plain(found[key]))
        levels = zip(*(found[key] for key in keys), strict=True)
        return Trunk(model.trunk_block, tuple(torch.stack(level) for level in levels))

    def _stored(
        self, model: ReportGuidedSam, origin: bytes, sought: dict[str, int], pixels: Float[Tensor, "b 3 s s"]
    ) -> dict[str, tuple[Tensor, ...]]:
        """Those that lie on disk; they are kept in memory from now on."""
        found = {}
        for key, k in sought.items() if self.store is not None else ():
            assert self.store is not None
            kept = self.store.read(self._name(model, origin, pixels[k]))
            if kept is not None:
                found[key] = tuple(level.to(pixels.device) for level in kept)
                self._keep(key, found[key])
        return found

    def _name(self, model: ReportGuidedSam, origin: bytes, picture: Float[Tensor, "3 s s"]) -> str:
        """Of a file: by the weights' values, which other processes have too."""
        if self._lasting[0] != origin:
            ran = sorted(backend_record(model.engine).items())
            told = f"{FORMAT} {weights_digest(model.backbone.model)} {model.trunk_block} {ran}"
            self._lasting = (origin, told.encode())
        return hashlib.sha256(self._lasting[1] + picture.cpu().contiguous().numpy().tobytes()).hexdigest()

    def _keep(self, key: str, trunk: tuple[Tensor, ...]) -> None:
        with self._lock:
            if key in self._kept or _size(trunk) > self.limit_bytes:
                return
            self._kept[key] = trunk
            self._bytes += _size(trunk)
            while self._bytes > self.limit_bytes:
                self._bytes -= _size(self._kept.popitem(last=False)[1])


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
    return repr((model.active, model.trunk_block, id(model.engine), weights)).encode()


def _plain(trunk: tuple[Tensor, ...]) -> list[Tensor]:
    return [level.detach().cpu().contiguous() for level in trunk]


def _size(trunk: tuple[Tensor, ...]) -> int:
    return sum(level.nelement() * level.element_size() for level in trunk)
