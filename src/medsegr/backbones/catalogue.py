"""Hosts by name: a literal table, and errors that list its keys."""

import importlib
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from torch import nn

from medsegr._torch_defaults import plain_defaults
from medsegr.backbones.backbone import Backbone
from medsegr.backbones.host_spec import HostSpec
from medsegr.backbones.lite_medsam import LiteMedSam, LiteMedSamBackbone, set_lite_medsam_image_size
from medsegr.backbones.lite_medsam_weights import names_checkpoint, read_lite_medsam
from medsegr.backbones.meta import EfficientSamBackbone, MetaSam2Backbone, MetaSamBackbone
from medsegr.backbones.own_host import CustomBackbone
from medsegr.backbones.sam import SamBackbone, SamHQBackbone, set_image_size
from medsegr.backbones.sam2 import Sam2Backbone, set_sam2_image_size
from medsegr.backbones.tiny import TINY_SPEC, TinyBackbone, TinyConfig, TinySam, set_tiny_image_size
from medsegr.errors import ConfigError


@dataclass(frozen=True)
class Row:
    """A family of the catalogue.

    Attributes:
        spec: Its data.
        backbone: What encodes and decodes.
        model_class: Name of the host's class.
        encoder_class: Name of its image encoder's class, where that tells families of one class apart.
        model_types: Types of Hugging Face configurations that load as this family.
        resize: Gives a host another input size, in place; None where that cannot be done.
        example: A name or call that gives such a host.
    """

    spec: HostSpec
    backbone: Callable[..., Backbone]
    model_class: str
    example: str
    encoder_class: str = ""
    model_types: tuple[str, ...] = ()
    resize: Callable[[Any, int], Any] | None = None


HALF = (0.5, 0.5, 0.5)
STAGES = range(4)
TINY_VIT_BLOCKS = tuple(f"image_encoder.layers.{stage}.blocks" for stage in STAGES)

CATALOGUE: dict[str, Row] = {
    row.spec.family: row
    for row in (
        Row(TINY_SPEC, TinyBackbone, "TinySam", "tiny", resize=set_tiny_image_size),
        Row(
            HostSpec("sam", "vision_encoder.layers", "BHWC"),
            SamBackbone, "SamModel", "facebook/sam-vit-base",
            model_types=("sam",), resize=set_image_size,
        ),
        Row(
            HostSpec("sam_hq", "vision_encoder.layers", "BHWC"),
            SamHQBackbone, "SamHQModel", "syscv-community/sam-hq-vit-base",
            model_types=("sam_hq",), resize=set_image_size,
        ),
        Row(
            # Guided from block 4 on, the first at the embedding's own grid: what lies before is 70 % of the
            # encoder's work, stays the same for every report, and is what a cache of frozen features keeps.
            HostSpec(
                "lite_medsam", TINY_VIT_BLOCKS, "BCHW", (0.0, 0.0, 0.0), (1.0, 1.0, 1.0),
                own_range=True, default_blocks=(4, 7),
            ),
            LiteMedSamBackbone, "LiteMedSam", "lite_medsam", resize=set_lite_medsam_image_size,
        ),
        Row(
            HostSpec("sam2", "vision_encoder.backbone.blocks", "BHWC", fit="stretch"),
            Sam2Backbone, "Sam2Model", "facebook/sam2.1-hiera-tiny",
            model_types=("sam2", "sam2_video"), resize=set_sam2_image_size,
        ),
        Row(
            HostSpec("sam3_tracker", "vision_encoder.backbone.layers", "BHWC", HALF, HALF, fit="stretch"),
            Sam2Backbone, "Sam3TrackerModel", "facebook/sam3",
            model_types=("sam3_tracker", "sam3_video"), resize=set_sam2_image_size,
        ),
        Row(
            HostSpec(
                "edgetam",
                tuple(f"vision_encoder.backbone.timm_model.stages_{stage}.blocks" for stage in STAGES),
                "BCHW",
                fit="stretch",
            ),
            Sam2Backbone, "EdgeTamModel", "yonigozlan/EdgeTAM-hf",
            model_types=("edgetam", "edgetam_video"), resize=set_sam2_image_size,
        ),
        Row(
            HostSpec("segment_anything", "image_encoder.blocks", "BHWC"),
            MetaSamBackbone, "Sam", "segment_anything.sam_model_registry['vit_b'](checkpoint)",
            encoder_class="ImageEncoderViT",
        ),
        Row(
            HostSpec("mobile_sam", TINY_VIT_BLOCKS, "BCHW"),
            MetaSamBackbone, "Sam", "path/mobile_sam.pt",
            encoder_class="TinyViT",
        ),
        Row(
            HostSpec("sam2_meta", "image_encoder.trunk.blocks", "BHWC", fit="stretch"),
            MetaSam2Backbone, "SAM2Base", "sam2.build_sam.build_sam2(config, checkpoint)",
        ),
        Row(
            HostSpec("efficient_sam", "image_encoder.blocks", "BNC", fit="stretch"),
            EfficientSamBackbone, "EfficientSam", "efficient_sam.build_efficient_sam.build_efficient_sam_vitt()",
        ),
    )
}  # fmt: skip
"""Family -> row."""


WRAPPERS = ("OptimizedModule", "DataParallel", "DistributedDataParallel", "FullyShardedDataParallel")
"""Classes that torch.compile and torch's ways to distribute give."""


def wrap_host(model: nn.Module, name: str | None = None, spec: HostSpec | None = None) -> Backbone:
    """The backbone that fits a host object.

    Args:
        model: A host of the catalogue, or any model with a ``spec``; a ``PeftModel`` stands for what it wraps.
        name: Where it came from; taken from the model where it says so.
        spec: Of a host of one's own.

    Raises:
        ConfigError: The host's class is not in the catalogue, it is compiled or distributed, or its weights are
            not in float32.
    """
    if isinstance(model, Backbone):
        return model
    if type(model).__name__ in WRAPPERS:  # its blocks are hidden inside of what compiles or distributes it
        raise ConfigError(
            f"The host comes wrapped, as {type(model).__name__}. Attach to the host itself, and wrap the model that "
            "comes out instead: guided = medsegr.attach(host); torch.compile(guided)."
        )
    refuse_other_types(model.parameters(), "host")
    if type(model).__name__.startswith("Peft") and hasattr(model, "get_base_model"):
        model = model.get_base_model()  # type: ignore[operator]
    if spec is not None:
        return CustomBackbone(model, spec, name or spec.family)
    if isinstance(model, TinySam):
        return TinyBackbone(model, name or "tiny")
    if isinstance(model, LiteMedSam):
        return LiteMedSamBackbone(model, CATALOGUE[model.family].spec, name or model.family)
    row = _row_of(model)
    origin = getattr(getattr(model, "config", None), "_name_or_path", "")
    return row.backbone(model, row.spec, name or origin or row.spec.family)


def refuse_other_types(parameters: Iterable[nn.Parameter], whose: str) -> None:
    """Adapters are float32, and so is what goes in and out of them; precision is for autocast.

    Raises:
        ConfigError: Some are in another floating point type.
    """
    kinds = {p.dtype for p in parameters if p.is_floating_point()} - {torch.float32}
    if kinds:
        raise ConfigError(
            f"The {whose}'s weights are in {', '.join(sorted(str(k).removeprefix('torch.') for k in kinds))}; expected "
            f"float32. Call .float() on the {whose} first; speed comes from autocast (precision=bf16-mixed)."
        )


def _row_of(model: nn.Module) -> Row:
    classes = {kind.__name__ for kind in type(model).__mro__}
    encoders = {kind.__name__ for kind in type(getattr(model, "image_encoder", None)).__mro__}
    for row in CATALOGUE.values():
        if row.model_class in classes and (not row.encoder_class or row.encoder_class in encoders):
            return row
    known = ", ".join(row.model_class for row in CATALOGUE.values())
    raise ConfigError(
        f"No host of class '{type(model).__name__}' is in the catalogue. Known: {known}. "
        "For a host of your own give a HostSpec: medsegr.attach(model, host=HostSpec(...))."
    )


@plain_defaults()
def build_host(
    name: str, image_size: int | None = None, config: dict[str, Any] | None = None, revision: str | None = None
) -> Backbone:
    """A host by name.

    Args:
        name: ``tiny`` (fresh weights), ``lite_medsam``, the path of a checkpoint of LiteMedSAM or MobileSAM, a
            Hugging Face id or folder of a SAM, or ``module:function`` whose function returns a model, or a
            model and its ``HostSpec``.
        image_size: Side of the square input; the host's own by default.
        config: For ``tiny``: fields of :class:`TinyConfig`.
        revision: Of the Hugging Face repository.

    Raises:
        ConfigError: No such host, it cannot be loaded, or it has one size only.
    """
    if name == "tiny":
        fields: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in (config or {}).items()}
        if image_size:
            fields["image_size"] = image_size
        return TinyBackbone(TinySam(TinyConfig(**fields)))
    if names_checkpoint(name):
        backbone = wrap_host(*read_lite_medsam(name))
    elif ":" in name and not Path(name).exists():
        backbone = _call_builder(name)
    else:
        row, model = _load_hugging_face(name, revision)
        backbone = row.backbone(model, row.spec, name)
    if image_size:
        resize_host(backbone, image_size)
    return backbone


def resize_host(backbone: Backbone, image_size: int) -> None:
    """Give a host another input size, in place.

    Args:
        image_size: Side of the square input, in pixels.

    Raises:
        ConfigError: The host has one size only, or not this one.
    """
    row = CATALOGUE.get(backbone.spec.family)
    if image_size != backbone.image_size and row is not None and row.resize is not None:
        row.resize(backbone.model, image_size)
    if image_size != backbone.image_size:
        raise ConfigError(f"Host '{backbone.name}' takes pictures of {backbone.image_size} px, not of {image_size} px.")


@contextmanager
def working_folder_importable() -> Iterator[None]:
    """Modules of the working folder can be imported meanwhile; Python's path is afterwards as it was."""
    here = str(Path.cwd())
    sys.path.append(here)
    try:
        yield
    finally:
        sys.path[:] = [entry for entry in sys.path if entry is not here]


def _call_builder(name: str) -> Backbone:
    """``module:function`` -> the host that the function returns; the module may lie in the working folder."""
    module, _, function = name.partition(":")
    try:
        with working_folder_importable():
            built = getattr(importlib.import_module(module), function)()
    except (ImportError, AttributeError) as error:
        raise ConfigError(
            f"Host '{name}' cannot be built: {error}. Expected module:function, with the module in this folder "
            "or on Python's path."
        ) from error
    model, spec = built if isinstance(built, tuple) else (built, None)
    return wrap_host(model, name, spec)


def _load_hugging_face(name: str, revision: str | None) -> tuple[Row, nn.Module]:
    import transformers

    try:
        config = transformers.AutoConfig.from_pretrained(name, revision=revision)
    except (OSError, ValueError, KeyError) as error:
        _refuse_without_hub(name, error)
        here = "That folder holds no readable Hugging Face model." if Path(name).is_dir() else ""
        raise ConfigError(
            f"Host '{name}' cannot be loaded. Expected 'tiny', 'lite_medsam', the path of "
            "lite_medsam.pth or mobile_sam.pt, a folder written by save_pretrained, a Hugging Face id of a SAM model "
            f"such as 'facebook/sam-vit-base', or module:function. {here}".strip()
        ) from error
    rows = {kind: row for row in CATALOGUE.values() for kind in row.model_types}
    if config.model_type not in rows:
        raise ConfigError(f"Host '{name}' is of type '{config.model_type}'; the catalogue knows {', '.join(rows)}.")
    row = rows[config.model_type]
    try:
        return row, getattr(transformers, row.model_class).from_pretrained(name, revision=revision, dtype=torch.float32)
    except ImportError as error:
        raise ConfigError(
            f"Host '{name}' needs a package that is missing. Install it with: pip install timm"
        ) from error
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        _refuse_without_hub(name, error)
        raise ConfigError(f"The weights of host '{name}' cannot be read; download or save them again.") from error


def _refuse_without_hub(name: str, error: Exception) -> None:
    """Raise a ConfigError where a host is not at hand and the hub was not reached; another error is left alone."""
    from huggingface_hub.errors import LocalEntryNotFoundError

    if isinstance(error.__cause__, LocalEntryNotFoundError):
        raise ConfigError(
            f"Host '{name}' is not on this machine, and the Hugging Face hub was not reached. Try again with a "
            "connection; or bring its files here (on a machine with one: hf download NAME --local-dir FOLDER) and give "
            "that folder as --host. --host tiny and --host lite_medsam need no hub."
        ) from error
