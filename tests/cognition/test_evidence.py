"""Evidence: every span of every finding is the very words that it stands for, whatever else the report holds."""

from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from medsegr.cognition.parser import parse_report
from medsegr.cognition.priors import Finding, ReportPriors


class Piece(NamedTuple):
    """Words of a report and what they may be evidence of: an aspect, and the name or value that is stated."""

    text: str
    aspect: str = ""
    name: str = ""


def pieces(aspect: str, **words: str) -> st.SearchStrategy[Piece]:
    """One of several words, in small letters, with a capital or in capitals."""
    said = st.sampled_from([Piece(text, aspect, name) for name, listed in words.items() for text in listed.split("|")])
    cases = st.sampled_from([str, str, str.capitalize, str.upper])
    return st.builds(lambda piece, case: piece._replace(text=case(piece.text)), said, cases)


TARGETS = pieces(
    "target", nodule="nodule|nodular opacity|pulmonary nodules", pleural_effusion="pleural effusions|haemothorax",
    consolidation="consolidation|airspace consolidation", pneumothorax="pneumothorax",
    mass="mass|space-occupying lesion",
)  # fmt: skip
SIDES = pieces("location", left="left|left-sided", right="right|right-sided")
ZONES = pieces("location", upper_lobe="upper lobe", lower_zone="lower zone|lower third", apical="apex")
TEXTURES = pieces("texture", solid="solid", cavitary="cavitating|cavitary", calcified="calcified|densely calcified")
SHAPES = pieces("shape", round="round|ball-shaped", irregular="irregular|jagged", small="small|smallish")
SIZES = st.sampled_from([
    Piece("12 mm", "shape", "12.0"), Piece("1.5 cm", "shape", "15.0"), Piece("7mm", "shape", "7.0"),
])  # fmt: skip
BEFORE = st.sampled_from([
    *(Piece(text, "presence", "absent") for text in ("No", "no evidence of", "Without")),
    *(Piece(text, "presence", "uncertain") for text in ("Possible", "suspicion of", "Cannot exclude")),
])  # fmt: skip
BEHIND = st.sampled_from([
    *(Piece(text, "presence", "absent") for text in ("is not seen", "has resolved", "are absent")),
    *(Piece(text, "presence", "uncertain") for text in ("cannot be excluded", "is suspected")),
])  # fmt: skip
REFERS = st.sampled_from([Piece("The latter", "target"), Piece("The largest", "target"), Piece("It")])


def said(*words: str) -> list[st.SearchStrategy[Piece]]:
    return [st.just(Piece(word)) for word in words]


SENTENCES = st.one_of(
    st.tuples(BEFORE, TARGETS),
    st.tuples(TARGETS, BEHIND),
    st.tuples(*said("There", "is a"), SHAPES, TEXTURES, TARGETS, *said("in the"), SIDES, ZONES),
    st.tuples(*said("A"), SIZES, TARGETS, *said("at the"), SIDES, ZONES, *said("and"), TARGETS, *said("on the"), SIDES),
    st.tuples(*said("The"), TARGETS, *said("and the"), TARGETS, *said("are"), TEXTURES),
    st.tuples(REFERS, *said("is"), TEXTURES, *said("and"), SHAPES),
    st.tuples(REFERS, *said("measures"), SIZES),
    st.tuples(*said("Its margins are"), SHAPES),
    st.tuples(*said("Compared with", "the film of yesterday, taken at noon")),
)
BLANKS = (" ", "  ", "\u00a0", "\u202f ", " \u2009", "\t", "\u3000")
NOISE = (
    "\U0001f600", "\u0130", "\u00df", "\ufb01", "e\u0301", "\u0301", "\U0001d518", "\u200b", "\u05d0\u05d1",
    "\u00c5ngstr\u00f6m", "*", "\u00b7", "\u201c", "\u2026",
)  # fmt: skip
LINES = ("\n", "\r\n", "\n\n", "\n \n", "\u2028", "\x0b", "\x85", "\r")
BULLETS = ("", "", "- ", "* ", "\u2022 ", "1. ", "2) ", "\u0130\u0130 ", "\U0001f600\U0001f600 ", "\ufb01 ")
ENDS = (". ", ".", ".\n", "\n", ".\r\n", "\r\n", ".\u2028", ".\n\n", "; ", " \u2013 ")


def between(plain: bool) -> st.SearchStrategy[str]:
    """What stands between two pieces: a blank most often, or no-break blanks, strange letters, an end of line."""
    if plain:
        return st.sampled_from([" ", " ", " ", "\n", "\r\n", *BLANKS])
    noise = st.tuples(st.sampled_from(BLANKS), st.sampled_from(NOISE), st.sampled_from(BLANKS)).map("".join)
    return st.one_of(st.just(" "), st.sampled_from([*BLANKS, *LINES]), noise)


@st.composite
def reports(draw, plain: bool = False) -> tuple[str, dict[tuple[int, int], Piece]]:
    """A report of several sentences, and where its pieces stand."""
    text, placed = "", {}
    for sentence in draw(st.lists(SENTENCES, min_size=1, max_size=6)):
        text += draw(st.sampled_from(BULLETS))
        for place, piece in enumerate(sentence):
            text += draw(between(plain)) if place else ""
            placed[len(text), len(text) + len(piece.text)] = piece
            text += piece.text
        text += draw(st.sampled_from(ENDS))
    return text, placed


def stated(finding: Finding) -> dict[str, set[str]]:
    """What each aspect of a finding states."""
    return {
        "target": {finding.target},
        "presence": {finding.presence},
        "location": {finding.location.laterality, *finding.location.zones},
        "texture": set(finding.texture.attributes),
        "shape": {*finding.shape.attributes, *map(str, finding.shape.size_mm), str(finding.shape.count)},
    }


def check(priors: ReportPriors, placed: dict[tuple[int, int], Piece]) -> None:
    """Every span is a piece of its aspect, and what it says is stated, but where two pieces disagree."""
    for finding in priors:
        for aspect, values in stated(finding).items():
            for span in getattr(finding.evidence, aspect):
                piece = placed.get(span)
                assert piece is not None, f"{aspect} {span} holds '{priors.text[slice(*span)]}', no word of the report"
                assert piece.aspect == aspect, f"'{piece.text}' is evidence of the {aspect} of {finding.target}"
                told = piece.name in values or not piece.name or "bilateral" in values or piece.aspect == "shape"
                assert told, f"'{piece.text}' is evidence of {aspect} {values}"


@settings(max_examples=250, deadline=None)
@given(reports())
def test_every_span_is_the_words_that_it_stands_for(made):
    text, placed = made
    check(parse_report(text, "chest_xray"), placed)


@settings(max_examples=150, deadline=None)
@given(reports(plain=True), st.sampled_from(["", "\u0130\u0130\n", "\ufb01 \U0001f600. ", "e\u0301\u2028"]))
def test_lines_and_no_break_blanks_leave_every_target_where_it_stands(made, ahead):
    text, placed = made
    priors = parse_report(ahead + text, "chest_xray")
    moved = {(start + len(ahead), end + len(ahead)): piece for (start, end), piece in placed.items()}
    check(priors, moved)
    found = {span for finding in priors for span in finding.evidence.target}
    assert {span for span, piece in moved.items() if piece.aspect == "target" and piece.name} <= found


def test_a_sentence_that_comes_again_says_the_same_of_its_own_place() -> None:
    again = "Solid 9 mm nodule in the left upper lobe, possibly with a cavity."
    first = parse_report(again, "chest_xray").findings
    for ahead in ("No effusion. ", "Fracture of the right clavicle. No effusion. ", ""):
        later = parse_report(ahead + again, "chest_xray").findings[-len(first) :]
        assert [(f.target, f.presence, f.location, f.texture, f.shape) for f in later] == [
            (f.target, f.presence, f.location, f.texture, f.shape) for f in first
        ]
        for one, other in zip(first, later, strict=True):
            moved = [(start + len(ahead), end + len(ahead)) for start, end in one.evidence.spans()]
            assert other.evidence.spans() == moved


def test_what_goes_on_about_an_earlier_finding_is_not_remembered_of_another() -> None:
    for finding in ("nodule", "mass", "cavity"):
        (found,) = parse_report(f"There is a {finding} in the left lung. It measures 9 mm.", "chest_xray").findings
        assert (found.target.endswith(finding), found.shape.size_mm) == (True, (9.0,))
