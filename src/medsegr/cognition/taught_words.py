"""Which attributes a model was shown in training. A row that hardly ever was has no meaning, and may mislead."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

ATTRIBUTES = ("location", "texture", "shape")
"""Aspects whose names may be left unsaid; a target is always asked for."""

UNKNOWN = "unknown"
"""Stands for the modality of pictures whose modality nobody knew."""

ENOUGH = 4
"""Pictures that must show a finding with an attribute; of fewer, a model learns the pictures and not the word."""

Word = tuple[str, str, str]
"""(modality or ``unknown``, aspect, name)."""

Told = tuple[str, str, str, str]
"""A word, and the picture that it was said of."""


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


class Tally:
    """Words that training has told so far, and of which pictures, :data:`ENOUGH` of each at most.

    Args:
        told: From :meth:`told` of another session of the run.
    """

    def __init__(self, told: Iterable[Sequence[str]] = ()) -> None:
        self._pictures: dict[Word, set[str]] = defaultdict(set)
        self.add((modality, aspect, name, picture) for modality, aspect, name, picture in told)

    def add(self, told: Iterable[Told]) -> None:
        """Count what was told in a batch."""
        for *word, picture in told:
            pictures = self._pictures[word[0], word[1], word[2]]
            if len(pictures) < ENOUGH:
                pictures.add(picture)

    def known(self) -> frozenset[Word]:
        """The words that were said of enough pictures."""
        return frozenset(word for word, pictures in self._pictures.items() if len(pictures) >= ENOUGH)

    def told(self) -> list[list[str]]:
        """JSON-ready, to go on with."""
        return [[*word, picture] for word, pictures in sorted(self._pictures.items()) for picture in sorted(pictures)]
