"""Who has read the README and docs/how_it_works.md finds a concept by the name of its file, at the first guess.

The guess here is mechanical: of all files of the package but the commands', the one whose name shares most words with
what the two texts call the concept, and has the fewest others. It stands for a reader; it is none.
"""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "medsegr"
TEXTS = " ".join((ROOT / name).read_text("utf-8") for name in ("README.md", "docs/how_it_works.md"))

CONCEPTS = {
    "rule parser": "cognition/rule_parser.py",
    "lexicon": "cognition/lexicon.py",
    "region_map": "cognition/region_map.py",
    "prior_embedding": "cognition/prior_embedding.py",
    "fusion_transformer": "cognition/fusion_transformer.py",
    "text encoder": "cognition/text_encoder.py",
    "location attention": "perception/location_attention.py",
    "texture dynamic convolution": "perception/texture_dynamic_convolution.py",
    "shape deformable sampling": "perception/shape_deformable_sampling.py",
    "modulator": "perception/modulator.py",
    "fine_guidance": "perception/fine_guidance.py",
    "attribute_agreement": "perception/attribute_agreement.py",
    "box_head": "perception/box_head.py",
    "mask_embedding": "backbones/mask_embedding.py",
    "native_prompts": "model/native_prompts.py",
    "support score": "model/support_head.py",
    "Thresholds": "model/thresholds.py",
    "trained_targets": "model/trained_targets.py",
    "the adapter": "model/adapter.py",
    "HostSpec": "backbones/host_spec.py",
    "tiny": "backbones/tiny.py",
    "LiteMedSAM's encoder": "backbones/lite_medsam_encoder.py",
    "flips": "inference/flips.py",
    "second look": "inference/second_look.py",
    "plane by plane": "inference/volume.py",
    "the user's box": "inference/user_prompt.py",
    "findings.json": "inference/findings_json.py",
    "NIfTI": "data/nifti.py",
    "slice order": "data/dicom/slice_order.py",
    "resume": "batch/resume.py",
    "overlay": "explain/overlay.py",
    "train": "training/train.py",
}
"""As the texts call it -> where it is."""

MAY_BE_MISSED = 2


def words(text: str) -> list[str]:
    """Its words, without endings."""
    parts = re.sub(r"([a-z])([MS])", r"\1 \2", text).lower()
    return [word.rstrip("s") for word in re.findall(r"[a-z0-9]+", parts) if word not in ("the", "by")]


def first_guess(concept: str) -> str:
    """The file of the package whose name is nearest to these words."""
    every = (path.relative_to(PACKAGE) for path in sorted(PACKAGE.rglob("*.py")))
    files = [path for path in every if path.name != "__init__.py" and path.parts[0] != "cli"]
    asked = set(words(concept))

    def fit(path: Path) -> tuple[int, int, int]:
        name = words(path.stem)
        return len(asked & set(name)), -len(set(name) - asked), -len(path.parts)

    return max(files, key=fit).as_posix()


def test_concepts_are_found_at_the_first_guess():
    missing = [path for path in CONCEPTS.values() if not (PACKAGE / path).is_file()]
    assert not missing and len(CONCEPTS) == len(set(CONCEPTS.values())) == 32
    missed = {concept: first_guess(concept) for concept, path in CONCEPTS.items() if first_guess(concept) != path}
    assert len(missed) <= MAY_BE_MISSED, missed


def test_concepts_are_in_the_words_of_the_texts():
    told = " ".join(words(TEXTS))
    unknown = [concept for concept in CONCEPTS if " ".join(words(concept)) not in told]
    assert not unknown
