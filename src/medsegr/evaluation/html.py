"""Pages of HTML that need nothing but themselves: no links, no scripts, pictures inside. Their texts are templates."""

import base64
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Environment

ORIGIN_WORDS = {
    "real": "Reports as the data set has them (real)",
    "derived": "Derived reports (made from the masks: how well a description of a mask finds it)",
    "none": "Cases without a report",
}
FIELD_WORDS = {
    "size": "Size (share of the frame)",
    "overlap": "Overlap (share of the finding's pixels with two or more labels)",
    "data": "Data set",
    "target": "Target",
    "suite": "Suite",
    "look": "Look",
    "role": "Role (described by the report, or only named)",
}


def page(template: str, title: str, **known: Any) -> str:
    """A whole page.

    Args:
        template: Its name without ``.html.j2``; whatever it is told is escaped, but for drawings.
        title: Plain text.
        known: What the template speaks of.
    """
    return environment().get_template(f"{template}.html.j2").render(title=title, **known)


@lru_cache(maxsize=1)
def environment() -> "Environment":
    """The templates, with the filters and words that all of them share."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    loaded = Environment(
        loader=PackageLoader("medsegr.evaluation"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    loaded.filters |= {
        "shown": shown,
        "plain": plain,
        "figure": figure,
        "dice": lambda figures: with_interval(figures["dice_per_finding"], figures["interval"]),
        "base64": lambda png: base64.b64encode(png).decode("ascii"),
        "spaced": lambda name: name.replace("_", " "),
    }
    loaded.globals |= {"ORIGIN_WORDS": ORIGIN_WORDS, "FIELD_WORDS": FIELD_WORDS}
    return loaded


def shown(value: Any) -> str:
    """A value as tables show it: None is a dash, numbers get three digits."""
    if value is None or value == "":
        return "–"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def plain(value: Any) -> Any:
    """A setting in plain words; what a mapping has no value for is left out."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {found}" for name, found in value.items() if found is not None)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else value


def with_interval(value: float | None, interval: Sequence[float | None], digits: int = 3) -> str:
    """``0.712 (0.650 to 0.771)``; a dash without a value."""
    if value is None:
        return "–"
    between = f" ({interval[0]:.{digits}f} to {interval[1]:.{digits}f})" if len(interval) == 2 else ""
    return f"{value:.{digits}f}{between}"


def figure(figures: Mapping[str, Any], name: str, digits: int = 3) -> str:
    """One of several figures, with its interval."""
    return with_interval(figures[name], figures[f"{name}_interval"], digits)
