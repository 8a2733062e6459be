"""Everything we train on a host, as one module. Here the two stages meet."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from medsegr.backbones.backbone import Backbone
from medsegr.backbones.decoder_input import ImageEmbedding
from medsegr.backbones.lora import LoraSettings
from medsegr.cognition.fusion_transformer import FusionTransformer
from medsegr.cognition.prior_embedding import PriorBatch, PriorEmbedding, PriorVocabulary
from medsegr.cognition.priors import ASPECTS, Finding
from medsegr.cognition.taught_words import Word
from medsegr.errors import ConfigError
from medsegr.model.support_head import SupportHead
from medsegr.perception.attribute_agreement import AttributeAgreement
from medsegr.perception.box_head import BoxHead
from medsegr.perception.fine_guidance import FineGuidance
from medsegr.perception.modulator import GUIDED, Modulator
from medsegr.view import View

SMALL_HOST = 20_000_000
"""Below so many parameters a host counts as small (MobileSAM and EfficientSAM-Ti have 10 million)."""

BEFORE = {"fine": False, "early_grid": 0, "box": False, "mask_prompt": False}
"""Options of adapters whose files do not know them."""


@dataclass(frozen=True)
class AdapterConfig:
    """Sizes and switches of the adapter.

    Attributes:
        token_dim: Width D of a prior token.
        heads: Heads of the fusion transformer.
        fusion_blocks: Number of fusion blocks.
        bottleneck: Channels r of the modulators' bottleneck. 48 keeps the adapter of SAM ViT-B at 0.84 % of
            its parameters (64: 0.95 %), below what TextSAM-EUS tunes (0.86 %).
        blocks: Host blocks that get a modulator; the backbone's default when None, none when empty (``[]``).
        late: Also a modulator per finding after the neck.
        text_encoder: Hugging Face name or folder of a frozen text encoder that reads the words, or None.
        text_dim: Width of its vectors (``hidden_size``); 0 for none.
        train_decoder: Train a copy of the host's mask decoder, kept in the adapter. It always answers with the one
            mask that is trained, where the host's own may answer with another of its masks.
        aspects: Of ``location``, ``texture`` and ``shape`` those that guide. One that is left out neither
            modulates nor is told: its words and regions are not encoded, in training and at test.
        fine: Also let each finding modulate the finer maps that the host's decoder adds to its embedding.
            None: where the host has such maps, and ``late`` is on.
        early_grid: Largest side of the grid at which modulators between blocks work; maps of more cells are
            averaged down to it and what is added is interpolated back. 0 for no limit.
        box: Each finding predicts the box around it, which goes to the host's prompt encoder. Needs ``late``.
        mask_prompt: Each finding's location map goes to the host's prompt encoder as a mask. Needs ``late``.
        neighbours: The three channels of a volume's plane are the plane before it, itself and the one behind it, in
            training and at test, for hosts that were trained so; else its grey value, thrice. Pictures are as ever.
    """

    token_dim: int = 128
    heads: int = 4
    fusion_blocks: int = 1
    bottleneck: int = 48
    blocks: tuple[int, ...] | None = None
    late: bool = True
    text_encoder: str | None = None
    text_dim: int = 0
    train_decoder: bool = False
    aspects: tuple[str, ...] = GUIDED
    fine: bool | None = None
    early_grid: int = 64
    box: bool = False
    mask_prompt: bool = False
    neighbours: bool = False

    def __post_init__(self) -> None:
        if self.token_dim <= 0 or self.token_dim % self.heads:
            raise ConfigError(f"heads ({self.heads}) must divide token_dim ({self.token_dim}).")
        if self.bottleneck <= 0:
            raise ConfigError(f"bottleneck is {self.bottleneck}; expected a positive number of channels.")
        if self.early_grid < 0:
            raise ConfigError(f"early_grid is {self.early_grid}; expected a number of cells, or 0 for no limit.")
        if self.text_dim < 0 or bool(self.text_encoder) != bool(self.text_dim):
            raise ConfigError(
                f"text_encoder is {self.text_encoder or 'none'} and text_dim {self.text_dim}; "
                "expected an encoder and the width of its vectors, or neither."
            )
        if set(self.aspects) - set(GUIDED) or len(set(self.aspects)) < len(self.aspects):
            raise ConfigError(f"'aspects' is {list(self.aspects)}; expected some of {', '.join(GUIDED)}, each once.")
        if self.fine and not self.late:
            raise ConfigError("'fine' refines what 'late' finds. Set late as well, or neither.")
        if (self.box or self.mask_prompt) and not self.late:
            raise ConfigError("'box' and 'mask_prompt' tell the host where 'late' looks. Set late as well, or neither.")

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)

    @classmethod
    def for_host(cls, backbone: Backbone) -> "AdapterConfig":
        """The defaults, with narrower tokens on hosts below :data:`SMALL_HOST` parameters (share below 6 %)."""
        small = sum(p.numel() for p in backbone.model.parameters()) < SMALL_HOST
        return cls(token_dim=96) if small and not backbone.whole else cls()

    def resolved(self, backbone: Backbone) -> "AdapterConfig":
        """With what is left to the host decided by it.

        Raises:
            ConfigError: ``fine`` is asked for, and the host has no finer maps; or ``box`` or ``mask_prompt``, and it
                takes none.
        """
        for wanted, takes, option in (
            (self.box, backbone.takes_boxes, "box"),
            (self.mask_prompt, backbone.takes_masks, "mask_prompt"),
        ):
            if wanted and not takes:
                what = "boxes" if option == "box" else "masks"
                raise ConfigError(f"Hosts of family '{backbone.spec.family}' take no {what}; leave '{option}' out.")
        able = bool(backbone.fine_dims())
        if self.fine and not able:
            raise ConfigError(f"Hosts of family '{backbone.spec.family}' have no finer maps; leave 'fine' out.")
        return replace(self, fine=able and self.late) if self.fine is None else self

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> "AdapterConfig":
        """Read what :meth:`to_dict` wrote; files from before an option was there are read as :data:`BEFORE`.

        Raises:
            ConfigError: A field is not known to this version.
        """
        unknown = set(record) - {f.name for f in fields(cls)}
        if unknown:
            raise ConfigError(f"Unknown adapter settings: {sorted(unknown)}. Update medsegr, or remove them.")
        record = {**BEFORE, **record}
        if not record.get("text_dim"):
            record["text_encoder"] = None  # as it was, without effect, before the two were asked for together
        blocks, aspects = record.get("blocks"), record.get("aspects", GUIDED)
        return cls(**{**record, "blocks": None if blocks is None else tuple(blocks), "aspects": tuple(aspects)})


@dataclass(frozen=True)
class PartialVocabulary(PriorVocabulary):
    """A vocabulary that leaves some aspects of every finding unsaid, words and regions alike."""

    unsaid: tuple[str, ...] = ()

    @classmethod
    def of(cls, whole: PriorVocabulary, unsaid: Sequence[str]) -> PriorVocabulary:
        """``whole`` less some aspects; ``whole`` itself where there are none."""
        names = {aspect: getattr(whole, aspect) for aspect in ASPECTS}
        return cls(**names, taught=whole.taught, unsaid=tuple(unsaid)) if unsaid else whole

    def encode(self, findings: Sequence[Sequence[Finding]], views: Sequence[View]) -> PriorBatch:
        """As :meth:`PriorVocabulary.encode`, with the unsaid aspects not stated."""
        priors = super().encode(findings, views)
        for aspect in self.unsaid:
            priors = priors.without(aspect)
        return priors


class Adapter(nn.Module):
    """Prior embedding, fusion, modulators, prompt projection and support head.

    Its state dict is the delta that ships; the host is not in it (but a tuned
    copy of the mask decoder is, where one is trained). ``metadata`` are free facts
    about the training, ``lora`` the settings of the LoRA that goes with it, or None.

    Args:
        backbone: The host, read for its sizes only.
        vocabulary: Names with a row in the embedding tables.
    """

    def __init__(self, backbone: Backbone, vocabulary: PriorVocabulary, config: AdapterConfig) -> None:
        super().__init__()
        dim, feature_dim = config.token_dim, backbone.embedding_dim
        self.config = config = config.resolved(backbone)
        self.unsaid = tuple(aspect for aspect in GUIDED if aspect not in config.aspects)
        self.vocabulary = PartialVocabulary.of(vocabulary, self.unsaid)
        self.metadata: dict[str, Any] = {}
        self.lora: LoraSettings | None = None
        self.embedding = PriorEmbedding(vocabulary, dim, config.text_dim)
        self.fusion = FusionTransformer(dim, config.heads, config.fusion_blocks)
        dims = backbone.block_dims()
        self.block_indices = backbone.default_block_indices() if config.blocks is None else config.blocks
        wrong = [index for index in self.block_indices if not 0 <= index < len(dims)]
        if wrong:
            raise ConfigError(f"Blocks {wrong} do not exist; this host has blocks 0 to {len(dims) - 1}.")
        self.modulators = nn.ModuleDict(
            {
                str(i): Modulator(dims[i], dim, config.bottleneck, config.aspects, config.early_grid)
                for i in self.block_indices
            }
        )
        self.late = Modulator(feature_dim, dim, config.bottleneck, config.aspects) if config.late else None
        self.prompt = nn.Linear(dim, feature_dim)
        self.prompt_gate = nn.Parameter(torch.zeros(feature_dim))
        self.agreement = AttributeAgreement(feature_dim, dim)
        self.support = SupportHead(feature_dim, dim)
        self.fine = (
            FineGuidance(feature_dim, backbone.fine_dims(), dim, aspects=config.aspects) if config.fine else None
        )
        self.box = BoxHead(feature_dim, dim) if config.box else None
        self.decoder = backbone.decoder_copy() if config.train_decoder else None

    def teach(self, words: Iterable[Word]) -> None:
        """Let attributes count as known, where it is recorded which are: see :class:`PriorVocabulary`."""
        if (taught := self.vocabulary.taught) is not None and (more := taught.joined(words)) is not taught:
            self.vocabulary = replace(self.vocabulary, taught=more)

    def tokens(self, priors: PriorBatch, pixel_values: Float[Tensor, "b 3 s s"]) -> Float[Tensor, "b k 4 d"]:
        """Fused tokens of all findings."""
        if priors.words is not None and self.unsaid:
            said = [float(aspect not in self.unsaid) for aspect in ASPECTS]
            priors = replace(priors, words=priors.words * priors.words.new_tensor(said)[:, None])
        return self.fusion(self.embedding(priors), pixel_values, priors.valid)

    def refine(
        self, image: ImageEmbedding, tokens: Float[Tensor, "b k 4 d"], coarse: Float[Tensor, "n 1 h w"]
    ) -> tuple[tuple[Float[Tensor, "n _ _ _"], ...], Float[Tensor, "n 1 y x"] | None]:
        """What each finding adds to the finer maps, (B * K, ...) each, and where it may lie at the finest grid.

        Nothing and None where the adapter does without.

        Args:
            image: The image embedding that all findings share.
            tokens: Fused tokens.
            coarse: Location logits of the modulator behind the neck.
        """
        if self.fine is None:
            return (), None
        added, logits = self.fine((*image.high_resolution, image.features), tokens.flatten(0, 1), coarse)
        return tuple(added), logits

    @property
    def prompting(self) -> bool:
        """Whether findings may tell the decoder anything: in training, and once the prompts' gate is open."""
        return self.training or torch.compiler.is_compiling() or bool(self.prompt_gate.any())

    def prompts(self, tokens: Float[Tensor, "b k 4 d"]) -> Float[Tensor, "n 4 c"] | None:
        """The four tokens of each finding as sparse prompts; None while the gate is shut.

        A shut gate means a fresh adapter: then the decoder gets the host's own
        prompts and nothing else, so that its masks are the host's bit for bit.
        In training the tokens always go in, so that the gate can learn to open.
        """
        if not self.prompting:
            return None
        return self.prompt(tokens.flatten(0, 1)) * self.prompt_gate

    def agree(self, features: Float[Tensor, "b c h w"], priors: PriorBatch) -> Float[Tensor, "b k 2 h w"]:
        """How far each place of the image embedding agrees with what is stated: texture and shape."""
        tables = (self.embedding.tables["texture"], self.embedding.tables["shape"])
        return self.agreement(features, tables, (priors.texture, priors.shape))

    def gates(self, aspect: str) -> list[nn.Parameter]:
        """All gates of one aspect (``location``, ``texture``, ``shape``), early and late; none where it is left out."""
        parts = [*self.modulators.values(), self.late, self.fine]
        modulators = [part for part in parts if part is not None]
        gates = [gate for m in modulators if (gate := getattr(m, f"{aspect}_gate", None)) is not None]
        return gates + ([getattr(self.agreement, f"{aspect}_gate")] if aspect != "location" else [])
