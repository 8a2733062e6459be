"""Priors that were read without the picture's modality."""

from dataclasses import replace

import numpy as np
import pytest

from medsegr.cognition.lexicon import load_lexicon
from medsegr.cognition.parser import parse_report
from medsegr.cognition.priors import Location
from medsegr.data.image import load_image
from medsegr.inference.request import read_for, read_together

LEXICON = load_lexicon()
TEXT = "Small polyp on the left."


@pytest.mark.parametrize("read_as", [None, "chest_ct"])
def test_what_nobody_changed_is_read_again_for_the_picture(read_as: str | None) -> None:
    read = parse_report(TEXT, read_as)
    assert read.findings[0].location == Location("left"), "the patient's left"
    again = read_for(read, "colonoscopy", LEXICON)
    assert again == parse_report(TEXT, "colonoscopy")
    assert again.findings[0].location == Location(None, ("left",)), "the picture's left"


def test_what_was_changed_stays_and_says_that_its_places_may_mean_something_else() -> None:
    read = parse_report(TEXT)
    edited = replace(read, findings=(replace(read.findings[0], presence="uncertain"),))
    kept = read_for(edited, "colonoscopy", LEXICON)
    assert kept.findings == edited.findings
    assert len(kept.warnings) == 1 and "colonoscopy" in kept.warnings[0] and "polyp" not in kept.warnings[0]
    placeless = replace(edited, findings=(replace(edited.findings[0], location=Location()),))
    assert read_for(placeless, "colonoscopy", LEXICON) == placeless, "no place, nothing to warn of"
    assert read_for(edited, "abdomen_xray", LEXICON).warnings == (), "the same left"


@pytest.mark.parametrize("modality", [None, "colonoscopy", "unheard_of"])
def test_what_needs_no_second_reading_stays(modality: str | None) -> None:
    read = parse_report(TEXT, "colonoscopy")
    assert read_for(read, modality, LEXICON) is read


def test_the_report_names_the_modality_and_the_data_set_s_frame_stays() -> None:
    picture = load_image(np.arange(200, dtype=np.uint8).reshape(10, 20)).seen(LEXICON, frame="image")
    for report in ("Chest radiograph. Nodule on the left.", parse_report("Chest radiograph. Nodule on the left.")):
        seen, priors = read_together(picture, report, LEXICON)
        assert (seen.modality, seen.view.sides, seen.view.frame) == ("chest_xray", "both", "image")
        assert priors.modality == "chest_xray" and priors.findings[0].location == Location("left")
    assert read_together(picture, None, LEXICON)[1].findings == ()


def test_the_organ_that_an_examination_is_called_by_reaches_the_report() -> None:
    picture = load_image(np.arange(200, dtype=np.uint8).reshape(10, 20), "abdomen_mri")
    for named, expected in (("liver MRI", ["liver_lesion"]), ("abdomen_mri", []), (None, [])):
        _, priors = read_together(picture, "Lesion of 12 mm.", LEXICON, named)
        assert [finding.target for finding in priors] == expected, named
