"""Classes of words from the lexicon: what the rules of reading look up, word by word."""

from collections.abc import Mapping
from dataclasses import dataclass

from medsegr.cognition.lexicon import Lexicon
from medsegr.cognition.phrases import tokenise
from medsegr.word_forms import fold

WORD_SETS = (
    "prepositions", "links", "fillers", "list_words", "companions", "goes_on", "attribute_nouns", "body_parts",
    "exams", "exam_verbs", "pronouns", "new_thoughts", "picture_words", "place_nouns", "bare_places", "lung_findings",
    "image_heads", "paired_organs",
)  # fmt: skip
"""Triggers of the lexicon that are looked up word by word; they are no phrases of their own."""

CLASS = "words_"
"""Triggers named so are further classes of single words; rules ask for them without this."""

GENERIC = "generic_"
"""Triggers so named list general words by their kind (``generic_cyst``); the organ decides what they mean."""

_NONE: frozenset[str] = frozenset()


_JOINED = {
    "not_names": (
        "fillers", "links", "says_nothing", "harmless", "goes_on", "attribute_nouns", "body_parts", "exams",
        "exam_verbs",
    ),
    "bare_words": (
        "says_nothing", "denies", "affirms", "calls_normal", "not_looked_at", "hedges", "answers", "body_parts",
    ),
}  # fmt: skip
"""Classes that are made of others: words that name no finding; words that say no more than place and presence."""


class Classes(dict[str, frozenset[str]]):
    """Classes of words by name; a class that a lexicon does not have is empty."""

    def __missing__(self, name: str) -> frozenset[str]:
        """Nothing."""
        return _NONE


@dataclass(frozen=True, eq=False)
class Grammar:
    """Classes of folded words, and groups of targets.

    Attributes:
        classes: By name.
        organs: Word or zone -> names of the organs that it may mean (``hepatic`` -> ``liver``), as in the lexicon.
        broader: Zone -> the greater place that it lies in.
        general: Folded words of a general word or of a general target -> its kind (``("simple", "cyst")`` -> ``cyst``).
        lung_findings: Targets that lie in the lung itself.
        lesions: Targets that are a mass or lesion of some organ.
        anywhere: Findings that are at home in no organ ("calcification"): they lie in what they come with.
        devices, organ_targets: Targets that are tubes, lines and the like; that are organs.
    """

    classes: Classes
    organs: Mapping[str, tuple[str, ...]]
    broader: Mapping[str, str]
    general: Mapping[tuple[str, ...], str]
    lung_findings: frozenset[str]
    lesions: frozenset[str]
    anywhere: frozenset[str]
    devices: frozenset[str]
    organ_targets: frozenset[str]

    def __getitem__(self, name: str) -> frozenset[str]:
        """A class of words."""
        return self.classes[name]


def is_phrase(trigger: str) -> bool:
    """True for triggers that are found as phrases; the others are classes of words."""
    return trigger not in WORD_SETS and not trigger.startswith(CLASS)


def grammar_of(lexicon: Lexicon) -> Grammar:
    """The classes of a lexicon."""
    classes = {
        name.removeprefix(CLASS): frozenset(map(fold, words))
        for name, words in lexicon.triggers.items()
        if name in WORD_SETS or name.startswith(CLASS)
    }
    organs = _organs(lexicon)
    classes["links"] = classes.get("links", _NONE) | classes.get("prepositions", _NONE)
    for whole, parts in _JOINED.items():
        classes[whole] = frozenset().union(*(classes.get(part, _NONE) for part in parts))
    classes["not_names"] |= organs.keys()
    classes["bare_words"] |= organs.keys() | {","}
    groups: dict[str, set[str]] = {"finding": set(), "anatomy": set(), "device": set()}
    for target in lexicon.targets.values():
        groups[target.group].add(target.name)
    lesions = tuple(lexicon.triggers.get("words_lesion_names", ()))
    return Grammar(
        Classes(classes),
        organs,
        {zone.name: zone.within for zone in lexicon.zones.values() if zone.within},
        general_words(lexicon),
        frozenset(lexicon.triggers.get("lung_findings", ())),
        frozenset(name for name in groups["finding"] if name.endswith(lesions)) if lesions else _NONE,
        frozenset(name for name in groups["finding"] if lexicon.targets[name].region == "any"),
        frozenset(groups["device"]),
        frozenset(groups["anatomy"]),
    )


def _organs(lexicon: Lexicon) -> dict[str, tuple[str, ...]]:
    named: dict[str, tuple[str, ...]] = {}
    for organ in lexicon.organs.values():
        for word in (*map(fold, organ.words), *organ.zones):
            named[word] = (*named.get(word, ()), organ.name)
    return {word: tuple(dict.fromkeys(names)) for word, names in named.items()}


def general_words(lexicon: Lexicon) -> dict[tuple[str, ...], str]:
    """Folded words of general words and general targets -> their kind."""
    kinds = {kind.removeprefix(GENERIC): words for kind, words in lexicon.triggers.items() if kind.startswith(GENERIC)}
    general = lexicon.triggers.get("words_general_targets", ())
    own = {kind: lexicon.targets[kind].words for kind in general if kind in lexicon.targets}
    return {
        tuple(token.word for token in tokenise(word)): kind
        for table in (kinds, own)
        for kind, words in table.items()
        for word in words
    }
