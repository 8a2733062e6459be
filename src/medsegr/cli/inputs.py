"""What a command reads: which model, and the places that ``--overwrite`` must not delete."""

from collections.abc import Iterable
from pathlib import Path

from medsegr.data.dataset_folder import find_dataset_folders
from medsegr.errors import ConfigError


def model_places(model: str, host: str | None = None) -> list[Path]:
    """Where a model and its host may be read from; a built-in name stands for no folder, even if one is called so."""
    from medsegr.backbones.lite_medsam_weights import NAME
    from medsegr.inference.auto import AUTO
    from medsegr.inference.builtin import builtin_models

    names = (AUTO, NAME, *builtin_models())
    return [Path(name) for name in (model, host) if name is not None and name not in names]


def data_places(paths: Iterable[Path]) -> list[Path]:
    """The folders that data sets are read from: their own, and those of their images and masks.

    Raises:
        DatasetError: A path holds no data set.
    """
    found = find_dataset_folders(paths)
    inner = [place for folder in found for place in (folder / "images", folder / "masks", *folder.glob("masks/*/"))]
    return [*found, *inner]


def one_model(name: str) -> str:
    """The name of a model that is to be measured.

    Raises:
        ConfigError: It is ``auto``, which may take several.
    """
    from medsegr.inference.auto import AUTO

    if name == AUTO:
        raise ConfigError("'auto' takes one of several models for each study. Measure one of them: --model lite.")
    return name
