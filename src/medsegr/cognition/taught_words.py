"""Which attributes a model was shown in training. A row that never was has no meaning, and may mislead."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

ATTRIBUTES = ("location", "texture", "shape")
"""Aspects whose names may be left unsaid; a target is always asked for."""

UNKNOWN = "unknown"
"""Stands for the modality of pictures whose modality nobody knew."""

Word = tuple[str, str, str]
"""(modality or ``unknown``, aspect, name)."""


@dataclass(frozen=True)
class TaughtWords:
    """Attributes of findings that training showed, by the modality of the picture.

    Attributes:
        words: Of all pictures of the train split.
    """

    words: frozenset[Word] = field(default_factory=frozenset)

    def of(self, aspect: str, names: Sequence[str], modality: str | None) -> list[str]:
        """The names that mean something in such pictures; in any where the modality is not known."""
        if aspect not in ATTRIBUTES:
            return list(names)
        pictures = self._modalities if modality is None else {modality, UNKNOWN}
        return [name for name in names if any((where, aspect, name) in self.words for where in pictures)]

    def joined(self, words: Iterable[Word]) -> "TaughtWords":
        """The same and more."""
        more = frozenset(words)
        return self if more <= self.words else TaughtWords(self.words | more)

    @property
    def _modalities(self) -> set[str]:
        return {modality for modality, _, _ in self.words}

    def to_dict(self) -> dict[str, dict[str, list[str]]]:
        """JSON-ready: modality -> aspect -> names."""
        record: dict[str, dict[str, list[str]]] = {}
        for modality, aspect, name in sorted(self.words):
            record.setdefault(modality, {}).setdefault(aspect, []).append(name)
        return record

    @classmethod
    def from_dict(cls, record: Mapping[str, Mapping[str, Sequence[str]]]) -> "TaughtWords":
        """Read what :meth:`to_dict` wrote."""
        return cls(frozenset((m, aspect, name) for m, of in record.items() for aspect, ns in of.items() for name in ns))
