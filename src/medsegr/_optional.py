"""Import an optional package at the point of use, or say which and why."""

import importlib
from types import ModuleType

from medsegr.errors import MissingExtraError


def require(module: str, feature: str, install: str | None = None) -> ModuleType:
    """Import ``module``, or raise an error that names the ``pip install``.

    Args:
        module: Dotted name, for example ``"peft"``.
        feature: What needs it, in the user's words.
        install: What to hand to pip; the top package of ``module`` by default.

    Raises:
        MissingExtraError: The package is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = install or module.split(".", maxsplit=1)[0]
        raise MissingExtraError(
            f"{feature} needs the package '{module}', which cannot be imported ({error}). "
            f"Install it with: pip install {package}"
        ) from error
