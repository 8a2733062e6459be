"""Whose lesion it is: what a general word (lesion, cyst, swelling, ...) means of the organ that it is said of."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Organ:
    """An organ or tissue, as far as general words need it.

    Attributes:
        name: Canonical name, as in ``organs`` of the lexicon.
        regions: Regions of the body whose pictures show it; ``any`` for what is everywhere.
        words: Single words that name it.
        zones: Zones that lie in it; one zone may lie in several organs (segments: liver, lung).
        places: Word that names a zone only of this organ (``tail``) -> zone.
        lesions: General kind (``cyst``) -> target; a kind that is not listed stays general.
    """

    name: str
    regions: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    lesions: Mapping[str, str] = field(default_factory=dict)
    places: Mapping[str, str] = field(default_factory=dict)

    def lies_in(self, regions: Iterable[str]) -> bool:
        """True when pictures of these regions may show it; where none is known, any may."""
        shown = set(regions)
        return not shown or "any" in self.regions or not shown.isdisjoint(self.regions)


def target_of(kind: str, organ: Organ | None, targets: Iterable[str]) -> str | None:
    """The target that a general word means.

    Args:
        kind: General kind: ``lesion``, ``nodule``, ``mass``, ``focus``, ``cyst``, ``stone``, ``tear``, ``defect``,
            ``swelling``, ``thickening``, ``oedema``.
        organ: The organ that it is said of, or None where nothing names one.
        targets: Names that there are.

    Returns:
        The organ's own target, else the general one of the kind's name; None where there is neither.
    """
    own = organ.lesions.get(kind) if organ is not None else None
    return own or (kind if kind in targets else None)


def first_named(named: Iterable[Iterable[str]], organs: Mapping[str, Organ], regions: Iterable[str]) -> Organ | None:
    """The organ that a general word is said of: the first that is named and may be shown.

    Args:
        named: Names of organs: of the word's own phrase, then of its sentence, its section, its pictures; each in
            the order in which they count.
        organs: All organs.
        regions: That the pictures show or may speak of; empty where that is not known.
    """
    shown = tuple(regions)
    return next((organs[name] for group in named for name in group if organs[name].lies_in(shown)), None)
