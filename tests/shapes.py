"""Shapes in signatures, checked in every test run: each call of a function whose annotations name axes must fit them."""

from collections.abc import Callable
from typing import Any, get_args

from beartype import beartype
from jaxtyping import AbstractArray, install_import_hook

ROOMS = (
    "medsegr.perception",
    "medsegr.backbones",
    "medsegr.model",
    "medsegr.inference",
    "medsegr.training",
    "medsegr.cognition.prior_embedding",
    "medsegr.cognition.fusion_transformer",
    "medsegr.cognition.text_encoder",
)
"""Where tensors are; the rest of the package has no shapes to check, and reading reports is checked in many loops."""


def check_shapes() -> None:
    """Have them checked in all rooms; before the first import of any of them."""
    install_import_hook(ROOMS, "tests.shapes.checked")


def checked(function: Callable) -> Callable:
    """The function with beartype around it where an annotation names axes; else as it is."""
    return beartype(function) if any(map(_names_axes, function.__annotations__.values())) else function


def _names_axes(annotation: Any) -> bool:
    if isinstance(annotation, type) and issubclass(annotation, AbstractArray):
        return True
    return any(map(_names_axes, get_args(annotation)))
