"""Pictures that explain a result, as files."""

from pathlib import Path

from medsegr.explain.explanation import explanation_page
from medsegr.explain.overlay import overlay_page
from medsegr.explain.page import save_page
from medsegr.inference.result import Result

OVERLAY, EXPLANATION = "overlay.png", "explanation.png"


def save_figures(folder: Path, result: Result, title: str, keep_text: bool = False) -> list[Path]:
    """Write ``overlay.png`` and ``explanation.png`` into an existing folder.

    Of the report, ``explanation.png`` shows the words alone that findings rest on, unless ``keep_text`` says more.

    Args:
        folder: Exists.
        title: Name of the case.
        keep_text: Also show the report's words around the evidence.

    Raises:
        OutputError: The folder cannot be written to.
    """
    return [
        save_page(overlay_page(result, title), folder / OVERLAY),
        save_page(explanation_page(result, title, keep_text), folder / EXPLANATION),
    ]
