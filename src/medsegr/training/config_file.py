"""Configurations from YAML files and ``key=value`` overrides; unknown keys are errors that teach."""

import dataclasses
import difflib
import types
import typing
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any, Literal, TypeVar, Union

import yaml

from medsegr.errors import ConfigError
from medsegr.training.config import TrainConfig
from medsegr.training.shipped_configs import shipped_configs

T = TypeVar("T")


def load_config(source: str | Path | None = None, overrides: Sequence[str] = (), **settings: Any) -> TrainConfig:
    """Read a configuration: a YAML file, then ``key=value`` overrides, then settings.

    Args:
        source: A YAML file, or the name of a shipped one (``tiny``, ``default``); None = defaults.
        overrides: For example ``["steps=100", "loss.dice=2", "data_weights=1,3"]``.
        settings: Top-level fields that win over everything; those that are None are passed over.

    Raises:
        ConfigError: The file cannot be read, a key is unknown, or a value is of the wrong kind.
    """
    record = _read_yaml(source) if source is not None else {}
    for override in overrides:
        key, equals, text = override.partition("=")
        if not equals or not key.strip():
            raise ConfigError(f"Override '{override}' is not of the form key=value, for example steps=500.")
        *path, last = key.strip().split(".")
        place = record
        for part in path:
            if not isinstance(place.setdefault(part, {}), dict):
                raise ConfigError(f"'{key}' goes into '{part}', which is a single value.")
            place = place[part]
        place[last] = text.strip()
    record.update({key: value for key, value in settings.items() if value is not None})
    return from_dict(TrainConfig, record)


def _read_yaml(source: str | Path) -> dict[str, Any]:
    if str(source) in shipped_configs():
        text = (resources.files("medsegr.training") / "configs" / f"{source}.yaml").read_text("utf-8")
    else:
        try:
            text = Path(source).read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(
                f"Configuration '{source}' cannot be read ({type(error).__name__}). "
                f"Give a YAML file or one of: {', '.join(shipped_configs())}."
            ) from error
    try:
        record = yaml.safe_load(text)
    except yaml.YAMLError as error:
        line = getattr(getattr(error, "problem_mark", None), "line", -1) + 1
        raise ConfigError(f"Configuration '{source}' is not valid YAML (line {line}).") from error
    if record is not None and not isinstance(record, dict):
        raise ConfigError(f"Configuration '{source}' holds a {type(record).__name__}; expected 'key: value' lines.")
    return record or {}


def from_dict(kind: type[T], record: dict[str, Any], prefix: str = "") -> T:
    """Build a configuration dataclass from a plain record, converting and checking each value."""
    hints = typing.get_type_hints(kind)
    values: dict[str, Any] = {}
    for key, value in record.items():
        name = f"{prefix}{key}"
        if key not in hints:
            near = difflib.get_close_matches(str(key), hints, n=1, cutoff=0.0)
            raise ConfigError(f"Unknown setting '{name}'. Did you mean '{prefix}{near[0]}'?")
        values[key] = _convert(value, hints[key], name)
    return kind(**values)


_WORDS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def _convert(value: Any, hint: Any, name: str) -> Any:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if isinstance(hint, type) and dataclasses.is_dataclass(hint) and isinstance(value, hint):
        return value
    if dataclasses.is_dataclass(hint) or origin is dict:
        if not isinstance(value, dict):
            raise ConfigError(f"'{name}' is a single value; expected settings of its own, as {name}.key=value.")
        if origin is not dict:
            return from_dict(hint, value, f"{name}.")
        return {key: yaml.safe_load(item) if isinstance(item, str) else item for key, item in value.items()}
    if origin in (Union, types.UnionType):
        empty = "" if typing.get_origin(arguments[0]) is not tuple else None  # an empty list is a list
        if value is None or str(value).lower() in ("none", "null", empty):
            return None
        return _convert(value, arguments[0], name)
    if origin is tuple:
        parts = [p for p in value.strip("[]() ").split(",") if p.strip()] if isinstance(value, str) else value
        parts = list(parts) if isinstance(parts, list | tuple) else [parts]
        if arguments[-1] is not Ellipsis and len(parts) != len(arguments):
            raise ConfigError(f"'{name}' has {len(parts)} values; expected {len(arguments)}.")
        return tuple(_convert(p.strip() if isinstance(p, str) else p, arguments[0], name) for p in parts)
    return _convert_single(value, str if origin is Literal else hint, name)


def _convert_single(value: Any, kind: type, name: str) -> Any:
    if kind is bool:
        if isinstance(value, bool):
            return value
        if str(value).lower() in _WORDS:
            return _WORDS[str(value).lower()]
    elif kind is str and isinstance(value, str | int | Path) and not isinstance(value, bool):
        return str(value)
    elif kind in (int, float) and not isinstance(value, bool):
        try:
            number = float(value)
            if kind is float or number == int(number):
                return kind(number)
        except (TypeError, ValueError, OverflowError):
            pass
    raise ConfigError(
        f"'{name}' is '{value}'; expected {'a ' + kind.__name__ if kind is not int else 'a whole number'}."
    )
