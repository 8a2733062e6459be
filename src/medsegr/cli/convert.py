"""``medsegr data convert``: data sets in other layouts become folders in ours."""

from collections.abc import Mapping
from contextlib import suppress
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from medsegr.cli.options import LexiconOption, check_modality
from medsegr.cognition.lexicon import Lexicon, canonical_target, load_lexicon
from medsegr.errors import ConfigError

if TYPE_CHECKING:
    from medsegr.data.foreign_dataset import ForeignDataset


class Layout(str, Enum):
    """Layouts that are read."""

    lvit = "lvit"
    nnunet = "nnunet"
    dicom = "dicom"


class FrameName(str, Enum):
    """Whose left and right pictures show."""

    patient = "patient"
    image = "image"


def convert(
    source: Annotated[Path, typer.Argument(help="Folder of the data set.")],
    out: Annotated[Path, typer.Argument(help="New folder.")],
    *,
    layout: Annotated[Layout, typer.Option("--from", help="Its layout.")],
    modality: Annotated[str, typer.Option("--modality", help="Kind of picture, for example chest_xray.")],
    target: Annotated[
        str | None, typer.Option("--target", help="lvit: what the masks show, a name of the vocabulary.")
    ] = None,
    label: Annotated[
        list[str] | None,
        typer.Option("--label", help="nnunet, dicom: LABEL=TARGET names a label, LABEL= leaves it out; repeatable."),
    ] = None,
    channel: Annotated[
        str | None, typer.Option("--channel", help="nnunet: number or name of the channel to take, of several.")
    ] = None,
    frame: Annotated[
        FrameName | None, typer.Option("--frame", help="Whose left and right pictures show; the modality's by default.")
    ] = None,
    incomplete: Annotated[
        list[str] | None, typer.Option("--incomplete", help="Target that is not outlined everywhere; repeatable.")
    ] = None,
    patient: Annotated[
        str | None, typer.Option("--patient", help="Pattern whose first bracket is the patient in an image's name.")
    ] = None,
    val: Annotated[float, typer.Option("--val", help="Share of train to draw where there is no val split.")] = 0.1,
    test: Annotated[float, typer.Option("--test", help="Share of train to draw where there is no test split.")] = 0.2,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Draws splits that are missing.")] = 0,
    name: Annotated[str | None, typer.Option("--name", help="Name of the data set; its own by default.")] = None,
    licence: Annotated[str | None, typer.Option("--licence", help="Its licence, as the source states it.")] = None,
    lexicon: LexiconOption = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing folder.")] = False,
) -> None:
    """Convert a data set from LViT's or nnU-Net's layout, whose images are copied, or DICOM series with DICOM-SEG,
    and the reports of their studies.

    Examples:

    medsegr data convert QaTa-COV19 qata --from lvit --modality chest_xray --target pneumonia

    medsegr data convert Dataset003_Liver liver --from nnunet --modality abdomen_ct --label cancer=liver_lesion

    medsegr data convert studies.zip livers --from dicom --modality abdomen_ct --label "Liver left=liver"
    """
    from medsegr.data.conversion import Target, convert_dataset
    from medsegr.data.foreign_dataset import with_missing_splits
    from medsegr.data.outputs import check_output_folder

    words = load_lexicon(lexicon or ())
    known = check_modality(modality, words)
    _refuse_foreign_options(layout, target, label, channel)
    check_output_folder(out, overwrite, [source, *(lexicon or ())])
    found = _read(source, layout, channel)
    check_output_folder(out, overwrite, [file for case in found.cases for file in (case.image, case.mask)])
    found = with_missing_splits(found, {"val": val, "test": test}, seed, patient)
    naming = Target(
        names={"": canonical_target(str(target), words)}
        if layout is Layout.lvit
        else _names(found, label or [], words),
        modality=known,
        frame=frame.value if frame else words.kind(known).frame,
        name=name or found.name,
        licence=licence,
        incomplete=tuple(canonical_target(one, words) for one in incomplete or []),
    )
    convert_dataset(found, naming, out, words.targets, overwrite)
    for note in found.notes:
        typer.echo(note, err=True)
    splits = [case.split for case in found.cases]
    counts = ", ".join(f"{split} {splits.count(split)}" for split in ("train", "val", "test"))
    typer.echo(f"{out}: {len(splits)} images ({counts}), {sum(c.report is not None for c in found.cases)} reports")


def _read(source: Path, layout: Layout, channel: str | None) -> "ForeignDataset":
    from medsegr.data.lvit import read_lvit
    from medsegr.data.nnunet import read_nnunet
    from medsegr.data.segmented_series import read_segmented_series

    if layout is Layout.nnunet:
        return read_nnunet(source, channel)
    return read_lvit(source) if layout is Layout.lvit else read_segmented_series(source)


def _refuse_foreign_options(layout: Layout, target: str | None, label: list[str] | None, channel: str | None) -> None:
    if layout is Layout.lvit and (label or channel):
        raise ConfigError("--label and --channel are of nnU-Net's layout. Name what LViT's masks show with --target.")
    if layout is Layout.lvit and target is None:
        raise ConfigError("LViT's masks are black and white. Name what they show with --target, for example pneumonia.")
    if layout is not Layout.lvit and target is not None:
        raise ConfigError("--target is of LViT's layout. Name the labels with --label LABEL=TARGET.")
    if layout is Layout.dicom and channel:
        raise ConfigError("--channel is of nnU-Net's layout; a DICOM series has none.")


def _names(found: "ForeignDataset", given: list[str], lexicon: Lexicon) -> dict[str, str]:
    """Label of the source -> canonical target; labels that are left out are missing.

    Raises:
        ConfigError: An option that names no label, or a label that is no name of the vocabulary.
    """
    renamed: Mapping[str, str] = dict(map(_pair, given))
    if strange := [name for name in renamed if name not in found.labels]:
        raise ConfigError(
            f"--label names '{strange[0]}', which is no label of the data set: {', '.join(found.labels)}."
        )
    names = {}
    for name in found.labels:
        wanted = renamed.get(name, name)
        if wanted:
            try:
                names[name] = _target(wanted, found.meanings.get(name) if name not in renamed else None, lexicon)
            except ConfigError as error:
                raise ConfigError(
                    f"{error} Say what the label '{name}' is with --label '{name}=TARGET', or leave it out with "
                    f"--label '{name}='."
                ) from error
    return names


def _target(name: str, meaning: str | None, lexicon: Lexicon) -> str:
    """The target that a name is, or else what its code says that it is."""
    try:
        return canonical_target(name, lexicon)
    except ConfigError:
        if meaning is not None:
            with suppress(ConfigError):
                return canonical_target(meaning, lexicon)
        raise


def _pair(text: str) -> tuple[str, str]:
    name, equals, target = text.partition("=")
    if not equals or not name.strip():
        raise ConfigError(f"--label '{text}' is not of the form LABEL=TARGET. Write LABEL= to leave a label out.")
    return name.strip(), target.strip()
