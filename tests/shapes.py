"""Shapes in signatures, checked in every test run: calls of functions whose annotations name axes must fit them."""

import sys
from collections.abc import Callable, Iterator
from types import FunctionType
from typing import Any, get_args

import pytest
from beartype import beartype
from jaxtyping import AbstractArray, install_import_hook, jaxtyped

ROOMS = (
    "medsegr.perception",
    "medsegr.backbones",
    "medsegr.model",
    "medsegr.inference",
    "medsegr.training",
    "medsegr.square",
    "medsegr.explain",
    "medsegr.data.extents",
    "medsegr.cognition.prior_embedding",
    "medsegr.cognition.fusion_transformer",
    "medsegr.cognition.text_encoder",
    "medsegr.cognition.plane_prior",
)
"""Where tensors are; the rest of the package has no shapes to check, and reading reports is checked in many loops."""


def check_shapes() -> None:
    """Have them checked in all rooms; before the first import of any of them."""
    install_import_hook(ROOMS, "tests.shapes.checked")


def checked(function: Callable) -> Callable:
    """The function with beartype around it where an annotation names axes; else as it is."""
    return beartype(function) if any(map(_names_axes, function.__annotations__.values())) else function


def leave_unchecked(patch: pytest.MonkeyPatch) -> None:
    """Functions and methods as they were written, for ``torch.compile``, which cannot look into the check."""
    for owner in list(_owners()):
        for name, value in list(vars(owner).items()):
            if _is_checked(value):
                patch.setattr(owner, name, value.__wrapped__)
            elif isinstance(value, property) and _is_checked(value.fget):
                patch.setattr(owner, name, property(value.fget.__wrapped__, value.fset, value.fdel, value.__doc__))


def _is_checked(value: Any) -> bool:
    return isinstance(value, FunctionType) and value.__globals__["__name__"] == jaxtyped.__module__


def _owners() -> Iterator[Any]:
    """The modules of the rooms, and the classes that are defined there."""
    for name, module in list(sys.modules.items()):
        if name.startswith(ROOMS):
            yield module
            yield from (v for v in vars(module).values() if isinstance(v, type) and v.__module__ == name)


def _names_axes(annotation: Any) -> bool:
    if isinstance(annotation, type) and issubclass(annotation, AbstractArray):
        return True
    return any(map(_names_axes, get_args(annotation)))
