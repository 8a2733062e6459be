"""Options of ``segment`` about the files that hold the masks."""

from typing import TYPE_CHECKING, Annotated, cast

import typer

from medsegr.errors import ConfigError

if TYPE_CHECKING:
    from medsegr.inference.mask_files import MaskFiles, Writing

MasksOption = Annotated[
    list[str] | None,
    typer.Option(
        "--masks",
        help="Files that hold the masks; repeatable: separate (NIfTI or PNG, one each), 4d (one NIfTI of four axes), "
        "dicom (a DICOM-SEG and a structured report). By default dicom for DICOM images, else separate.",
    ),
]

LabelMapOption = Annotated[
    bool,
    typer.Option("--label-map", help="Also one flattened label map; a warning counts the pixels that lose a label."),
]

DeidentifyOption = Annotated[
    bool,
    typer.Option(
        "--deidentify",
        help="Results hold no name, id or date of the patient: new UIDs, cases numbered, no names of files.",
    ),
]


def chosen_writing(masks: list[str] | None, label_map: bool, deidentify: bool, keep_text: bool) -> "Writing":
    """How cases are written.

    Raises:
        ConfigError: A kind of files that does not exist, or options that contradict each other.
    """
    from medsegr.inference.mask_files import Writing

    if deidentify and keep_text:
        raise ConfigError("--keep-text keeps the report's words, which may name the patient, and --deidentify must "
                          "not: give one of them.")  # fmt: skip
    kinds = cast("tuple[MaskFiles, ...]", tuple(sorted(set(masks or ()))))
    return Writing(kinds, label_map, deidentify)
