"""Findings spoken of again, and members of a group."""

from medsegr.cognition.parser import parse_report
from medsegr.cognition.priors import Finding


def read(text: str, modality: str = "chest_ct") -> list[Finding]:
    return list(parse_report(text, modality).findings)


def test_pronouns_and_sentences_without_a_noun_go_on() -> None:
    for text in (
        "There is a nodule. It measures 9 mm and is solid.",
        "Nodule in the left lung. Solid, 9 mm.",
        "Nodule. 9 mm in size, solid.",
    ):
        (nodule,) = read(text)
        assert (nodule.shape.size_mm, nodule.texture.attributes) == ((9.0,), ("solid",)), text


def test_a_member_of_a_group_is_its_own_finding() -> None:
    group, largest = read("Multiple nodules in both lungs, the largest of which in the right lower lobe is 9 mm.")
    assert (group.shape.count, group.shape.size_mm, group.location.laterality) == ("multiple", (), "bilateral")
    assert (largest.shape.size_mm, largest.location.laterality, largest.location.zones) == (
        (9.0,), "right", ("lower_lobe",)
    )  # fmt: skip
    (_, one) = read("Multiple nodules in both lungs. One of them, in the lingula, is cavitating.")
    assert (one.shape.count, one.texture.attributes, one.location.zones) == (1, ("cavitary",), ("lingula",))


def test_a_member_inherits_the_side_of_its_group() -> None:
    _, largest = read("Several stones in the left kidney, the largest 7 mm.", "abdomen_ct")
    assert (largest.target, largest.location.laterality, largest.shape.size_mm) == ("kidney_stone", "left", (7.0,))


def test_one_stands_for_the_noun() -> None:
    text = "A 4 mm sessile polyp in the caecum and a 7 mm pedunculated one at the hepatic flexure."
    assert [(f.shape.size_mm, f.location.zones) for f in read(text, "colonoscopy")] == [
        ((4.0,), ("caecum",)), ((7.0,), ("hepatic_flexure",)),
    ]  # fmt: skip
