"""Priors -> tensors -> tokens, and tokens that attend to each other."""

import pytest
import torch

from medsegr.cognition.fusion_transformer import CoarseView, FusionTransformer
from medsegr.cognition.lexicon import load_lexicon
from medsegr.cognition.prior_embedding import PriorEmbedding, PriorVocabulary
from medsegr.cognition.priors import Finding, Location, Shape, Texture
from medsegr.square import Square
from tests.views import view_of

NODULE = Finding(
    "nodule", "present", Location("left", ("upper_zone",)), Texture(("solid",)), Shape(("round", "small"), (12.0,), 3)
)
NAMED = Finding("nodule")
VOCABULARY = PriorVocabulary.of_lexicon(load_lexicon())
XRAY = view_of("chest_xray")


def test_each_aspect_has_its_weights() -> None:
    batch = VOCABULARY.encode([[NODULE, NAMED], [NAMED]], [XRAY, view_of()])
    names = {a: getattr(VOCABULARY, a) for a in ("target", "location", "texture", "shape")}

    def stated(aspect: str, b: int, k: int) -> dict[str, float]:
        row = getattr(batch, aspect)[b, k]
        return {names[aspect][i]: round(float(row[i]), 3) for i in row.nonzero().flatten().tolist()}

    assert stated("target", 0, 0) == {"nodule": 1.0, "modality:chest_xray": 1.0}
    assert stated("location", 0, 0) == {"laterality:left": 0.5, "upper_zone": 0.5}
    assert stated("texture", 0, 0) == {"solid": 1.0}
    assert set(stated("shape", 0, 0)) == {"round", "small", "size_mm:2", "count:3"}
    assert stated("location", 0, 1) == stated("texture", 0, 1) == stated("shape", 0, 1) == {}
    assert batch.valid.tolist() == [[1, 1], [1, 0]]
    assert batch.region[0, 0, :, 40:].max() > 0.9 and batch.region[0, 0, :, :24].max() < 0.1
    assert batch.region[0, 1].max() == 0


def test_a_size_class_is_of_the_longest_axis() -> None:
    shapes = [Shape(size_mm=axes) for axes in ((4.0, 22.0), (5.0,), (5.1, 1.0), (60.0,), ())]
    batch = VOCABULARY.encode([[Finding("nodule", shape=shape) for shape in shapes]], [XRAY])
    bins = [[VOCABULARY.shape[i] for i in row.nonzero().flatten().tolist()] for row in batch.shape[0]]
    assert bins == [["size_mm:3"], ["size_mm:0"], ["size_mm:1"], ["size_mm:5"], []]


def test_names_without_a_row_are_unknown_or_unsaid() -> None:
    small = PriorVocabulary(("unknown", "nodule"), ("laterality:left",), ("solid",), ("round",))
    batch = small.encode([[Finding("mass", texture=Texture(("hazy",))), NODULE]], [XRAY])
    assert batch.target[0].tolist() == [[1, 0], [0, 1]]
    assert batch.texture[0].tolist() == [[0], [1]]
    assert PriorVocabulary.from_dict(small.to_dict()) == small


def test_the_region_lies_where_the_picture_lies_in_the_square() -> None:
    wide, tall, stretched = (
        VOCABULARY.encode([[NODULE]], [XRAY.in_square(Square.fit(size, 64, fit))]).region[0, 0]
        for size, fit in (((128, 256), "pad"), ((256, 128), "pad"), ((128, 256), "stretch"))
    )
    assert wide[32:].max() == 0 and wide[:12, 40:].min() > 0.9 and wide[:, :24].max() < 0.1
    assert tall[:, 32:].max() == 0 and tall[:24, 20:32].min() > 0.9 and tall[:, :12].max() < 0.1
    assert torch.equal(stretched, VOCABULARY.encode([[NODULE]], [XRAY]).region[0, 0])


@pytest.mark.parametrize("aspect", ["location", "texture", "shape"])
def test_without_an_aspect_it_is_as_if_it_were_not_stated(aspect: str) -> None:
    from dataclasses import replace

    empty = {"location": Location(), "texture": Texture(), "shape": Shape()}[aspect]
    unsaid = VOCABULARY.encode([[replace(NODULE, **{aspect: empty})]], [XRAY])
    removed = VOCABULARY.encode([[NODULE]], [XRAY]).without(aspect)
    for name in ("target", "location", "texture", "shape", "region"):
        assert torch.equal(getattr(removed, name), getattr(unsaid, name))


def test_tokens_and_the_not_stated_vector() -> None:
    torch.manual_seed(0)
    embedding = PriorEmbedding(VOCABULARY, 16)
    told, named = embedding(VOCABULARY.encode([[NODULE, NAMED]], [view_of()]))[0]
    assert told.shape == (4, 16)
    torch.testing.assert_close(told[0], named[0])
    torch.testing.assert_close(named[2], embedding.not_stated[2] + embedding.aspect[2])


def test_fusion_masks_padding_and_knows_no_order() -> None:
    torch.manual_seed(0)
    fusion, tokens, pixels = FusionTransformer(16, 2).eval(), torch.randn(1, 3, 4, 16), torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        all_three = fusion(tokens, pixels, torch.ones(1, 3))
        turned = fusion(tokens.flip(1), pixels, torch.ones(1, 3))
        masked = fusion(tokens, pixels, torch.tensor([[1.0, 1.0, 0.0]]))
        fewer = fusion(tokens[:, :2], pixels, torch.ones(1, 2))
        nothing = fusion(tokens, pixels, torch.zeros(1, 3))
    torch.testing.assert_close(turned.flip(1), all_three, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(masked[:, :2], fewer, atol=1e-5, rtol=1e-5)
    assert (all_three[:, :2] - fewer).abs().max() > 1e-3, "findings attend to each other"
    assert torch.isfinite(nothing).all()


def test_fusion_tells_whose_place_is_whose() -> None:
    """A left nodule and a right mass, and a left mass and a right nodule, are the same tokens, shared out otherwise."""
    torch.manual_seed(0)
    fusion, pixels, tokens = FusionTransformer(16, 2).eval(), torch.randn(1, 3, 64, 64), torch.randn(1, 2, 4, 16)
    other = tokens.clone()
    other[:, :, 1] = tokens[:, [1, 0], 1]
    with torch.no_grad():
        one, exchanged = (fusion(t, pixels, torch.ones(1, 2)) for t in (tokens, other))
    assert (one[:, :, 0] - exchanged[:, :, 0]).abs().max() > 0.1, "a target's token knows its own finding's place"


def test_without_blocks_each_finding_is_told_by_itself() -> None:
    torch.manual_seed(0)
    fusion, tokens = FusionTransformer(16, 2, blocks=0), torch.randn(2, 3, 4, 16)
    fused = fusion(tokens, torch.randn(2, 3, 64, 64), torch.ones(2, 3))
    for b in range(2):
        for k in range(3):
            own = sum(tokens[b, k]) / 4 @ fusion.identity
            for aspect in range(4):
                torch.testing.assert_close(fused[b, k, aspect], fusion.norm(tokens[b, k, aspect] + own))


def test_the_coarse_view_lies_row_by_row() -> None:
    torch.manual_seed(0)
    view = CoarseView(16).eval()
    dark = torch.zeros(1, 3, 64, 64)
    lit = dark.clone()
    lit[:, :, 8:16, 40:48] = 1  # the second of eight rows, the sixth of eight columns
    changed = (view(lit) - view(dark)).abs().sum(-1)[0]
    assert changed.nonzero().flatten().tolist() == [8 + 5]
