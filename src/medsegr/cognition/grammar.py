"""Words that hold a sentence together, from the lexicon: prepositions, links, what goes on about something."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from medsegr.cognition.lexicon import Lexicon
from medsegr.cognition.phrases import fold, tokenise

WORD_SETS = (
    "prepositions", "links", "fillers", "list_words", "companions", "goes_on", "attribute_nouns", "body_parts",
    "exams", "exam_verbs", "pronouns", "new_thoughts", "picture_words", "place_nouns", "bare_places", "lung_findings",
    "image_heads", "paired_organs",
)  # fmt: skip
"""Triggers of the lexicon that are looked up word by word; they are no phrases of their own."""

LESIONS = ("mass", "nodule", "polyp", "_lesion", "_tumour")
"""Names of lesions end so."""

GENERIC = "generic_"
"""Triggers so named list general words by their kind (``generic_cyst``); the organ decides what they mean."""


@dataclass(frozen=True)
class Grammar:
    """Sets of folded words.

    Attributes:
        prepositions: Lead a place ("in", "of").
        links: Stand between a target and what is said of it; prepositions are among them.
        fillers: Say nothing ("the", "mostly").
        list_words: Hold a list together ("and", ",").
        companions: Add a second finding ("with", "associated").
        goes_on: Begin a sentence that goes on about the finding before.
        pronouns: Stand for the finding before.
        attribute_nouns: End a noun that describes ("margins", "enhancement").
        body_parts: Make left and right those of the patient ("left forearm").
        exams: Kinds of examination ("ct"); exam_verbs: what they do ("showed").
        new_thoughts: After a comma, begin a new thought.
        picture_words: Make upper and lower those of the picture.
        place_nouns, bare_places: "zone", and what may stand without it ("mid to lower zones").
        paired_organs: Exist on both sides: their plural means both.
        lung_findings: Targets that lie in the lung itself.
        lesions: Targets that are a mass or lesion of some organ.
        anywhere: Findings that are at home in no organ ("calcification"): they lie in what they come with.
        devices: Targets that are tubes, lines and the like; organ_targets: targets that are organs.
        organs: Word or zone -> names of the organs that it may mean (``hepatic`` -> ``liver``), as in the lexicon.
        general: Folded words of a general word or of a general target -> its kind (``("simple", "cyst")`` -> ``cyst``).
    """

    prepositions: frozenset[str]
    links: frozenset[str]
    fillers: frozenset[str]
    list_words: frozenset[str]
    companions: frozenset[str]
    goes_on: frozenset[str]
    pronouns: frozenset[str]
    attribute_nouns: frozenset[str]
    body_parts: frozenset[str]
    exams: frozenset[str]
    exam_verbs: frozenset[str]
    new_thoughts: frozenset[str]
    picture_words: frozenset[str]
    place_nouns: frozenset[str]
    bare_places: frozenset[str]
    paired_organs: frozenset[str]
    lung_findings: frozenset[str]
    lesions: frozenset[str]
    anywhere: frozenset[str]
    organs: Mapping[str, tuple[str, ...]]
    general: Mapping[tuple[str, ...], str]
    devices: frozenset[str]
    organ_targets: frozenset[str]


@lru_cache(maxsize=4)
def grammar_of(lexicon: Lexicon) -> Grammar:
    """The sets of a lexicon; a set that it does not have is empty."""
    sets = {
        name: frozenset(fold(word) for word in lexicon.triggers.get(name, ()))
        for name in WORD_SETS
        if name not in ("image_heads", "lung_findings")
    }
    sets["links"] |= sets["prepositions"]
    groups: dict[str, set[str]] = {"finding": set(), "anatomy": set(), "device": set()}
    for target in lexicon.targets.values():
        groups[target.group].add(target.name)
    anywhere = frozenset(name for name in groups["finding"] if lexicon.targets[name].region == "any")
    lung_findings = frozenset(lexicon.triggers.get("lung_findings", ()))
    return Grammar(
        **sets,
        lung_findings=lung_findings,
        lesions=frozenset(name for name in groups["finding"] if name.endswith(LESIONS)),
        anywhere=anywhere,
        organs=_organs(lexicon),
        general=_general(lexicon),
        devices=frozenset(groups["device"]),
        organ_targets=frozenset(groups["anatomy"]),
    )


def _organs(lexicon: Lexicon) -> dict[str, tuple[str, ...]]:
    named: dict[str, tuple[str, ...]] = {}
    for organ in lexicon.organs.values():
        for word in (*map(fold, organ.words), *organ.zones):
            named[word] = (*named.get(word, ()), organ.name)
    return {word: tuple(dict.fromkeys(names)) for word, names in named.items()}


def _general(lexicon: Lexicon) -> dict[tuple[str, ...], str]:
    kinds = {kind.removeprefix(GENERIC): words for kind, words in lexicon.triggers.items() if kind.startswith(GENERIC)}
    own = {kind: lexicon.targets[kind].words for kind in ("nodule", "mass") if kind in lexicon.targets}
    return {
        tuple(token.word for token in tokenise(word)): kind
        for table in (kinds, own)
        for kind, words in table.items()
        for word in words
    }
