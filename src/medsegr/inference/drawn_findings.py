"""What the decoder gave of one guided encoding, by finding and prompt, so that a click draws its own finding alone."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, is_dataclass
from typing import Any

import torch
from torch import Tensor

from medsegr.backbones.decoder_input import Prompts
from medsegr.model.guided_pass import GuidedEncoding, GuidedOutput
from medsegr.model.report_guided_sam import ReportGuidedSam

Key = tuple[int, bytes]
"""Place of a finding, and its prompt as bytes; of none, nothing."""


@dataclass(eq=False)
class Drawn:
    """A guided encoding of one picture, and the findings that were outlined from it.

    Given one encoding, each finding's mask and support are its own whatever else is asked, so that each can be kept
    by itself. Of a finding's prompts the last is kept, beside the answer without any.

    Attributes:
        encoding: What all findings share.
        count: How many findings there are.
        outlines: What the decoder gave of each.
        decoded: How many findings went through the decoder so far.
    """

    encoding: GuidedEncoding
    count: int
    outlines: dict[Key, GuidedOutput] = field(default_factory=dict)
    decoded: int = 0

    def output(self, model: ReportGuidedSam, prompts: Mapping[int, Prompts]) -> GuidedOutput:
        """Every finding's mask and support; the decoder draws those alone that it has not drawn yet.

        Args:
            model: That made the encoding.
            prompts: A user's, by the place of their findings, each as one finding of one image.
        """
        keys = [(k, _bytes(prompts[k]) if k in prompts else b"") for k in range(self.count)]
        if any(not key[1] and key not in self.outlines for key in keys):
            # All of them, so that what a finding gets does not hang, in its last bit, on who else has a prompt.
            plain = model.outline(self.encoding)
            self.decoded += self.count
            self.outlines |= {(k, b""): plain.only(k) for k in range(self.count)}
        for key in keys:
            if key not in self.outlines:
                k = key[0]
                self.outlines = {known: kept for known, kept in self.outlines.items() if known[0] != k or not known[1]}
                self.outlines[key] = model.outline(self.encoding.only(k), prompts[k])
                self.decoded += 1
        return GuidedOutput.joined([self.outlines[key] for key in keys])

    @property
    def bytes(self) -> int:
        """Of all tensors, each storage once."""
        storages = {t.untyped_storage().data_ptr(): t.untyped_storage().nbytes() for t in _tensors(self)}
        return sum(storages.values())


def _tensors(value: Any) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, tuple | list):
        for part in value:
            yield from _tensors(part)
    elif isinstance(value, dict):
        yield from _tensors(list(value.values()))
    elif is_dataclass(value):
        yield from _tensors(list(vars(value).values()))


def _bytes(prompts: Prompts) -> bytes:
    """A prompt as a key; never empty."""
    parts = [f"{name}{tuple(part.shape)}".encode() + part.cpu().numpy().tobytes()
             for name, part in vars(prompts).items() if isinstance(part, torch.Tensor)]  # fmt: skip
    return b"prompt " + b" ".join(parts)
