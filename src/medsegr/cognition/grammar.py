"""Classes of words from the lexicon: what the rules of reading look up, word by word."""

from collections.abc import Mapping

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
    "moves_on": ("opens_rows", "comparing_sides"),
    "marks_a_form": ("asks", "ticked", "not_ticked"),
    "unplain": ("past", "cuts", "opens_companion"),
    "short_words": ("short_forms", "short_sides"),
    "any_exams": ("exams", "short_exams"),
    "before_resuming": ("articles", "now"),
    "before_resolved": ("auxiliaries", "relatives", "now", "exams", "articles", "before_relatives", "at"),
    "lists_and_fills": ("list_words", "fillers"),
    "leads_and_fills": ("prepositions", "fillers"),
    "lists_and_articles": ("list_words", "articles"),
    "tells_or_answers": ("tells", "denies", "affirms", "calls_normal"),
    "of_a_patient": ("of_the_patient", "quadrants", "patient_verbs"),
    "bare_words": (
        "says_nothing", "denies", "affirms", "calls_normal", "not_looked_at", "hedges", "answers", "body_parts",
    ),
}  # fmt: skip
"""Classes that are made of others: words that name no finding; words that say no more than place and presence."""


class Grammar(dict[str, frozenset[str]]):
    """Classes of folded words by name (one that a lexicon does not have is empty), and groups of targets.

    Attributes:
        organs: Word or zone -> names of the organs that it may mean (``hepatic`` -> ``liver``), as in the lexicon.
        broader: Zone -> the greater place that it lies in.
        general: Folded words of a general word or of a general target -> its kind (``("simple", "cyst")`` -> ``cyst``).
        runs_on: Cues that only the end of a clause stops; none that look back, which may head a list.
        unsided: Targets that have no side of their own ("ascites"): that of a heading is not theirs.
        lung_findings: Targets that lie in the lung itself.
        lesions: Targets that are a mass or lesion of some organ.
        anywhere: Findings that are at home in no organ ("calcification"): they lie in what they come with.
        devices, organ_targets: Targets that are tubes, lines and the like; that are organs.
    """

    def __init__(self, lexicon: Lexicon) -> None:
        super().__init__(
            (name.removeprefix(CLASS), frozenset(map(fold, words)))
            for name, words in lexicon.triggers.items()
            if name in WORD_SETS or name.startswith(CLASS)
        )
        self.organs: Mapping[str, tuple[str, ...]] = _organs(lexicon)
        self["links"] |= self["prepositions"]
        for whole, parts in _JOINED.items():
            self[whole] = frozenset().union(*(self[part] for part in parts))
        self["of_a_patient"] |= {"#", "v"}
        self["moves_on"] |= {"not"}
        self["before_resuming"] |= {":"}
        self["leads_to_end"] = self["prepositions"] | {"the", ":"}
        self["links_words"] = self["signs"] | {"and", "&", "or", "nor"}
        doubts = [cue.words for cue in lexicon.cues.values() if cue.effect == "uncertain" and cue.looks != "between"]
        self["doubts"] = frozenset(fold(word) for words in doubts for word in words if word.isalpha())
        self["sides"] = self["both_sides"] | {"left", "right"}
        self["not_names"] |= self.organs.keys()
        self["named_places"] = self["body_parts"] | self["paired_organs"] | self.organs.keys()
        self["bare_words"] |= self.organs.keys() | {","}
        groups: dict[str, set[str]] = {"finding": set(), "anatomy": set(), "device": set()}
        for target in lexicon.targets.values():
            groups[target.group].add(target.name)
        self.runs_on = frozenset(
            cue.name for cue in lexicon.cues.values() if cue.stops_at == "clause" and cue.looks != "back"
        )
        lesions = tuple(lexicon.triggers.get("words_lesion_names", ()))
        self.broader = {zone.name: zone.within for zone in lexicon.zones.values() if zone.within}
        self.general = general_words(lexicon)
        self.unsided = frozenset(lexicon.triggers.get("words_without_side", ()))
        self.lung_findings = frozenset(lexicon.triggers.get("lung_findings", ()))
        self.lesions = frozenset(name for name in groups["finding"] if name.endswith(lesions)) if lesions else _NONE
        self.anywhere = frozenset(name for name in groups["finding"] if lexicon.targets[name].region == "any")
        self.devices = frozenset(groups["device"])
        self.organ_targets = frozenset(groups["anatomy"])

    def __missing__(self, name: str) -> frozenset[str]:
        """Nothing."""
        return _NONE


def is_phrase(trigger: str) -> bool:
    """True for triggers that are found as phrases; the others are classes of words."""
    return trigger not in WORD_SETS and not trigger.startswith(CLASS)


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
