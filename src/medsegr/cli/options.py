"""Options and checks that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

from medsegr.cognition.examinations import examination_named
from medsegr.cognition.lexicon import Lexicon

LexiconOption = Annotated[
    list[Path] | None,
    typer.Option("--lexicon", help="YAML file with names and words of your own; repeatable. See docs/lexicon.md."),
]

OneModelOption = Annotated[
    str, typer.Option("--model", "-m", help="Built-in name (lite, tiny), folder, or Hugging Face id.")
]

HostOption = Annotated[
    str | None,
    typer.Option("--host", help="The adapter's host, where its own name is not enough: folder, id, module:function."),
]

FlipsOption = Annotated[bool, typer.Option("--flips", help="Also look at the mirrored picture; twice the encodings.")]

SecondLookOption = Annotated[
    bool, typer.Option("--second-look", help="Look again, closer, at small findings; an encoding more for each.")
]

UntrainedOption = Annotated[
    str | None,
    typer.Option(
        "--untrained", help="Findings that the model was not trained for: refuse or draw; the model's own choice."
    ),
]

BackendOption = Annotated[
    str,
    typer.Option("--backend", help="What computes: torch, openvino, onnx, or auto: openvino after medsegr export."),
]

PrecisionOption = Annotated[
    str, typer.Option("--precision", help="f32, or bf16: faster, and some pixels of the outlines change.")
]


def check_modality(name: str | None, lexicon: Lexicon) -> str | None:
    """Our name of a modality; None stays None.

    Raises:
        ConfigError: The lexicon knows it by no name, with the nearest ones; what may be a report is not repeated.
    """
    return None if name is None else examination_named(name, lexicon).modality
