"""What a model was trained to find: a low support says something of those names alone."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from medsegr.cognition.taught_words import UNKNOWN
from medsegr.errors import CheckpointError, ConfigError

KEY = "trained_targets"
"""Name in a checkpoint's metadata."""

Untrained = Literal["refuse", "draw"]
"""What becomes of a finding that the model was not trained for: it gets no mask, or is drawn with a caution."""

POLICY = "untrained_findings"
"""Name in a checkpoint's metadata of what the model does where nobody says; ``draw`` where they say nothing."""


@dataclass(frozen=True)
class TrainedTargets:
    """Names that a model was asked for in training and shown a mask of, by modality.

    Attributes:
        of_modality: Modality -> targets; under ``unknown`` those of pictures whose modality nobody knew. Empty when
            the checkpoint says nothing of it: then nothing is claimed of any name.
    """

    of_modality: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def knows_pictures(self, modality: str | None) -> bool:
        """False when it was trained on pictures of known modalities, and this is none of them."""
        return not self.of_modality or modality is None or not self.of_modality.keys().isdisjoint((modality, UNKNOWN))

    def knows(self, target: str, modality: str | None) -> bool:
        """False when it was never shown such a structure in pictures of this modality; of any where it is None."""
        chosen = [modality, UNKNOWN] if modality is not None else list(self.of_modality)
        return not self.of_modality or any(target in self.of_modality.get(name, ()) for name in chosen)

    def joined(self, other: "TrainedTargets") -> "TrainedTargets":
        """What either of them has."""
        modalities = self.of_modality.keys() | other.of_modality.keys()
        none: frozenset[str] = frozenset()
        both = {name: self.of_modality.get(name, none) | other.of_modality.get(name, none) for name in modalities}
        return TrainedTargets(both)

    def with_pairs(self, pairs: Iterable[tuple[str, str]]) -> "TrainedTargets":
        """The same and more: (modality or ``unknown``, target)."""
        more: dict[str, set[str]] = {}
        for modality, target in pairs:
            more.setdefault(modality, set()).add(target)
        return self.joined(TrainedTargets({modality: frozenset(targets) for modality, targets in more.items()}))

    def metadata(self) -> dict[str, Any]:
        """As a checkpoint's metadata have them; nothing where there are none."""
        record = {modality: sorted(self.of_modality[modality]) for modality in sorted(self.of_modality)}
        return {KEY: record} if record else {}

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, Any]) -> "TrainedTargets":
        """Read what :meth:`metadata` wrote.

        Raises:
            CheckpointError: It is no mapping of modalities to lists of names.
        """
        record = metadata.get(KEY, {})
        lists = list(record.values()) if isinstance(record, Mapping) else [None]
        if not all(isinstance(names, list) and all(isinstance(name, str) for name in names) for names in lists):
            raise CheckpointError(
                f"The model's metadata have '{KEY}' that are no lists of names by modality. Mend its adapter.json."
            )
        return cls({str(modality): frozenset(names) for modality, names in record.items()})


def policy_of(asked: str | None, metadata: Mapping[str, Any]) -> Untrained:
    """What becomes of findings that the model was not trained for: as asked, else as its checkpoint says.

    Raises:
        ConfigError: Something else was asked for.
        CheckpointError: The checkpoint says something else.
    """
    for policy in get_args(Untrained):
        if policy == (metadata.get(POLICY, "draw") if asked is None else asked):
            return policy
    choices = " or ".join(f"'{policy}'" for policy in get_args(Untrained))
    if asked is not None:
        raise ConfigError(f"untrained is '{asked}'; expected {choices}.")
    raise CheckpointError(f"The model's metadata have '{POLICY}' that is neither {choices}. Mend its adapter.json.")


def pictures_of(modality: str | None) -> str:
    """Pictures of a modality, in words."""
    return f"pictures of '{modality}'" if modality else "any pictures"
