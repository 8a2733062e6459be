"""Codes of targets and zones for DICOM."""

import re
from collections import defaultdict

import pytest

from medsegr.cognition.lexicon import load_lexicon
from medsegr.errors import ConfigError
from medsegr.inference.dicom.codes import CATEGORIES, PRESENCE, REGIONS, SIDES

LOOKED_UP = {
    "95436008", "45647009", "87433001", "46621007", "51615001", "12295008", "233604007", "84089009",
    "44029006", "3341006", "129121000", "17102003", "126952004", "2032001", "432504007", "230745008", "389026000",
    "300331000", "85057007", "197321007", "16294009", "235919008", "43064006", "81060008", "125605004", "88998003",
    "37231002", "42059000", "41329004", "8186001",
}  # fmt: skip
"""SNOMED CT codes that are not among DICOM's; their meanings were looked up in public code lists, each more than once
or beside its name."""

SYNONYMS = {"16838000": "mediastinal emphysema", "80515008": "large liver", "128462008": "secondary malignant",
            "71133005": "caudate lobe", "421060004": "vertebral column", "51440002": "right and left"}  # fmt: skip
"""What SNOMED CT calls by another word than DICOM's lists do."""


def test_every_target_has_a_code_or_says_why_not():
    for target in load_lexicon().targets.values():
        assert (target.code is None) != (target.uncoded is None), target.name


def _plain(meaning: str) -> str:
    """A meaning without what DICOM's lists add to some: the kind in brackets, "structure"."""
    return re.sub(r"\s*\(.*?\)|, device|structure of | structure", "", meaning.lower()).strip()


def test_codes_are_those_of_dicom_and_mean_what_its_lists_say():
    concepts = pytest.importorskip("pydicom.sr._concepts_dict", reason='needs pip install "medsegr[dicom]"').concepts
    known = defaultdict(set)
    for scheme in ("SCT", "DCM"):
        for codes in concepts[scheme].values():
            for value, (meaning, _) in codes.items():
                known[scheme, value].add(_plain(meaning))
    lexicon = load_lexicon()
    for entry in (*lexicon.targets.values(), *lexicon.zones.values()):
        for code in (entry.code, getattr(entry, "category", None)):
            if code is not None and code[1] not in LOOKED_UP:
                assert _plain(code[2]) in known[code[:2]], (entry.name, code)
    assert not LOOKED_UP - {target.code[1] for target in lexicon.targets.values() if target.code}


def test_snomed_means_the_same_by_them():
    """DICOM's lists call 287272002 Cardiomegaly, SNOMED CT an enlarged septal foramen of the heart."""
    concepts = pytest.importorskip("pydicom.sr._concepts_dict", reason='needs pip install "medsegr[dicom]"').concepts
    full = defaultdict(set)
    for codes in concepts["SCT"].values():
        for value, (meaning, _) in codes.items():
            if meaning.endswith(")"):  # SNOMED's full names end in what kind of thing it is
                full[value].add(meaning.lower())
    lexicon, told = load_lexicon(), 0
    own = [entry.code for entry in (*lexicon.targets.values(), *lexicon.zones.values()) if entry.code]
    for _, value, meaning in (*own, *REGIONS.values(), *SIDES.values(), *CATEGORIES.values(), *PRESENCE.values()):
        stems = [word[:3] for word in meaning.lower().split() if word != "of"] + [SYNONYMS.get(value, "(no other)")]
        for name in full[value]:
            told += 1
            assert any(stem in name for stem in stems), (value, meaning, name)
    assert told > 50


def test_own_files_may_give_codes(tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text(
        "targets:\n"
        "  cavity: {code: [99HOSPITAL, C-1, Cavity]}\n"
        "  duodenal_web: {group: finding, words: [duodenal web], code: [SCT, 12345, Web],"
        " category: [SCT, 49755003, Thing]}\n"
    )
    lexicon = load_lexicon([path])
    assert lexicon.targets["cavity"].code == ("99HOSPITAL", "C-1", "Cavity")
    assert lexicon.targets["duodenal_web"].code == ("SCT", "12345", "Web")
    assert lexicon.targets["duodenal_web"].category == ("SCT", "49755003", "Thing")


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("Web", r"line 2: targets, cavity: code: expected a code \[scheme, value, meaning\], got 'Web'"),
        ("[SCT, 12345]", "expected a code"),
        ("[SCT, '', Web]", "expected a code"),
        ("[SCT, 12345678901234567, Web]", "has 17 characters: DICOM holds 16"),
    ],
)
def test_what_is_no_code_is_told(tmp_path, code, said):
    path = tmp_path / "own.yaml"
    path.write_text(f"targets:\n  cavity: {{code: {code}}}\n")
    with pytest.raises(ConfigError, match=said):
        load_lexicon([path])
