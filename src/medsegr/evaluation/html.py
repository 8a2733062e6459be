"""One page of HTML that needs nothing but itself: no links, no scripts, pictures inside."""

import base64
from collections.abc import Sequence
from html import escape
from typing import Any

STYLE = """
:root { color-scheme: light; }
body { font: 15px/1.5 system-ui, sans-serif; color: #1b2733; background: #fff; max-width: 1120px; margin: 2rem auto;
  padding: 0 1rem; }
h1 { font-size: 1.6rem; margin-bottom: .2rem; } h2 { margin-top: 2.6rem; border-bottom: 1px solid #d5dbe1; }
h3 { margin-top: 1.8rem; font-size: 1.05rem; } p.note { color: #56616c; max-width: 50rem; }
div.wide { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: .6rem 0; }
th, td { padding: .25rem .7rem; text-align: right; border-bottom: 1px solid #e4e9ed; white-space: nowrap; }
th { border-bottom: 2px solid #1b2733; vertical-align: bottom; white-space: normal; }
th:first-child, td:first-child, td.words { text-align: left; } td.words { white-space: normal; min-width: 20rem; }
figure { margin: 1rem 0; display: inline-block; vertical-align: top; margin-right: 1rem; }
figcaption { color: #56616c; font-size: .85rem; max-width: 34rem; overflow-wrap: anywhere; }
svg, img { max-width: 100%; height: auto; }
"""
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
"""Even if a name held markup, a browser would load nothing for it."""


def page(title: str, parts: Sequence[str]) -> str:
    """A whole page.

    Args:
        title: Plain text.
        parts: HTML from the functions below.
    """
    head = (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n"
    )
    return f"{head}<body>\n<h1>{escape(title)}</h1>\n" + "\n".join(parts) + "\n</body>\n</html>\n"


def heading(text: str, level: int = 2) -> str:
    """A heading."""
    return f"<h{level}>{escape(text)}</h{level}>"


def note(text: str) -> str:
    """A paragraph of small print."""
    return f'<p class="note">{escape(text)}</p>'


def table(header: Sequence[str], rows: Sequence[Sequence[Any]], words: Sequence[int] = ()) -> str:
    """A table; None becomes a dash, numbers get three digits.

    Args:
        header: A name per column.
        rows: A value per column.
        words: Columns that hold sentences.
    """
    head = "".join(f"<th>{escape(name)}</th>" for name in header)
    lines = ["".join(_cell(value, place in words) for place, value in enumerate(row)) for row in rows]
    body = "\n".join(f"<tr>{line}</tr>" for line in lines)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table></div>'


def _cell(value: Any, words: bool) -> str:
    return f"<td{' class=' + chr(34) + 'words' + chr(34) if words else ''}>{escape(shown(value))}</td>"


def shown(value: Any) -> str:
    """A value as tables show it."""
    if value is None or value == "":
        return "–"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def with_interval(value: float | None, interval: Sequence[float | None], digits: int = 3) -> str:
    """``0.712 (0.650 to 0.771)``; a dash without a value."""
    if value is None:
        return "–"
    between = f" ({interval[0]:.{digits}f} to {interval[1]:.{digits}f})" if len(interval) == 2 else ""
    return f"{value:.{digits}f}{between}"


def drawing(content: str, caption: str) -> str:
    """An inline SVG, or other HTML, with its caption."""
    return f"<figure>{content}<figcaption>{escape(caption)}</figcaption></figure>"


def picture(png: bytes, caption: str) -> str:
    """A PNG inside the page."""
    data = base64.b64encode(png).decode("ascii")
    return drawing(f'<img alt="{escape(caption, quote=True)}" src="data:image/png;base64,{data}">', caption)
