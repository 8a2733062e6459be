"""What is left of a lexicon without the ways of saying that one source alone uses."""

from benchmarks.leave_one_out import measure, without_own

from medsegr.cognition.lexicon import load_lexicon

OURS, OTHERS = "The effusion has vanished. Heart size is normal.", "No effusion. No nodule."


def test_cues_and_statements_of_one_source_are_taken_out_and_no_others() -> None:
    lexicon = load_lexicon()
    fewer, taken = without_own(lexicon, [OURS], [OTHERS])
    gone = set(lexicon.cues["absent_after"].words) - set(fewer.cues["absent_after"].words)
    assert gone == {"has vanished", "vanished"}
    assert fewer.cues["absent_before"] == lexicon.cues["absent_before"]
    assert taken == len(gone) + len(lexicon.statements) - len(fewer.statements)
    assert {statement.targets for statement in {*lexicon.statements} - {*fewer.statements}} == {("cardiomegaly",)}
    assert fewer.targets == lexicon.targets


def test_figures_are_given_with_and_without() -> None:
    finding = {"target": "pleural_effusion", "presence": "absent", "laterality": None, "zones": [], "texture": [],
               "shape": [], "size_mm": [], "count": None}  # fmt: skip
    report = {"report": "The effusion has vanished.", "modality": "chest_xray", "source": "a", "findings": [finding]}
    told = measure([report], [report | {"report": OTHERS, "source": "b"}])
    assert (told["a"]["reports"], told["a"]["words_taken_out"]) == (1, 2)
    assert (told["a"]["with_all"]["negation"], told["a"]["without_its_own"]["negation"]) == (1.0, 0.0)
