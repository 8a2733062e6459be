"""A stack of planes -> an image's voxels, place, window and headers; and what a path holds.

One file's pixels are in memory at a time, and the volume once, in its final order and type.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from medsegr.data.dicom.colour import is_palette, shown_colours
from medsegr.data.dicom.files import DEFERRED, DicomFile, dicom_files, read_header, read_to_its_end
from medsegr.data.dicom.header import number, text, whole
from medsegr.data.dicom.modality import modality_code, modality_of
from medsegr.data.dicom.mosaic import mosaic_affine, tile_count, tile_side, untiled
from medsegr.data.dicom.pixels import decoded_frames
from medsegr.data.dicom.planes import StoredPlane, planes_of
from medsegr.data.dicom.quiet_libraries import pydicom
from medsegr.data.dicom.series import DicomSeries
from medsegr.data.dicom.stacks import Stack, stacks_of
from medsegr.data.dicom.tiles import is_tiled, place_tile, slide_size
from medsegr.data.dicom.unplaced import unplaced_geometry
from medsegr.data.dicom.values import fitting_type, meaning, value_type
from medsegr.data.dicom.window import shown_range
from medsegr.data.geometry import Geometry, displayed_geometry
from medsegr.data.medical_image import MedicalImage
from medsegr.data.nifti import MAX_VOXELS
from medsegr.data.zip_archive import archives_kept_open
from medsegr.errors import ImageError

if TYPE_CHECKING:
    from pydicom import Dataset

SEGMENTATIONS = ("1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7")
"""SOP classes that hold masks and no picture."""


@dataclass(frozen=True)
class DamagedFile:
    """A file of which no plane can be read.

    Attributes:
        series_uid: "" where it cannot be told any more, so that a slice of any series may be missing.
    """

    file: DicomFile
    error: ImageError
    series_uid: str = ""


def list_stacks(path: Path) -> list[Stack]:
    """All stacks of a file, folder, archive or DICOMDIR, by their headers alone; see :func:`stacks_and_damage`.

    Raises:
        ImageError: There is no image in it, or the only ones are damaged.
    """
    return stacks_and_damage(path)[0]


@archives_kept_open()
def stacks_and_damage(path: Path) -> tuple[list[Stack], list[DamagedFile]]:
    """All stacks, and the files that are damaged.

    Stacks that may lack a slice by that have a fault; radiographs, loops and other files that are an image by
    themselves have a note.

    Raises:
        ImageError: As of :func:`list_stacks`.
    """
    planes: list[StoredPlane] = []
    others: list[str] = []
    damaged: list[DamagedFile] = []
    files = dicom_files(path)
    for file in files:
        header = None
        try:
            header = read_header(file)
            if header is None:
                continue
            kind = text(header, "SOPClassUID")
            if kind in SEGMENTATIONS or not whole(header, "Rows") or not whole(header, "Columns"):
                if "Image Storage" in pydicom("pydicom.uid").UID(kind).name and file.length < DEFERRED:
                    read_to_its_end(file)  # a picture that was cut off before its size looks like one that has none
                others.append(modality_code(header))
                continue
            planes += planes_of(file, header)
        except ImageError as error:
            damaged.append(DamagedFile(file, error, text(header, "SeriesInstanceUID")))
    if not planes:
        raise damaged[0].error if damaged else ImageError(_nothing(path, files, others))
    return [_beside(stack, damaged) for stack in stacks_of(planes)], damaged


def _beside(stack: Stack, damaged: Sequence[DamagedFile]) -> Stack:
    """A stack, with what damaged files mean to it."""
    near = [each for each in damaged if each.series_uid in ("", stack.series_uid)]
    if not near:
        return stack
    told = "1 file cannot be read" if len(near) == 1 else f"{len(near)} files cannot be read, one of them because"
    if stack.is_complete_by_itself:
        return replace(stack, notes=(*stack.notes, f"{told.partition(',')[0]} beside it; images may be missing"))
    return replace(stack, fault=f"A slice may be missing: {told}: {near[0].error}")


def _nothing(path: Path, files: Sequence[DicomFile], others: Sequence[str]) -> str:
    if others:
        kinds = ", ".join(sorted(set(others)))
        return (f"{path.name} holds DICOM without a picture to segment ({kinds}). Expected CT, MR, radiographs, "
                "ultrasound, photographs or slides.")  # fmt: skip
    if [file.path for file in files] == [path]:
        return f"{path.name} is not DICOM, or nothing of it is left. Export it again."
    kind = "a folder" if path.is_dir() else "a list or an archive of files"
    return f"{path.name} is {kind} without a DICOM image in it. Name pictures and NIfTI files one by one."


def chosen_stack(stacks: Sequence[Stack], path: Path, series: str | None = None) -> Stack:
    """The one stack that is meant: by its number, its series' UID or the end of it; without a name the only one.

    Localizers are left out where something else is there.

    Raises:
        ImageError: None or several fit; the message lists all that there are.
    """
    named = [stack for stack in stacks if series is None or series == stack.name
             or (len(series) >= 4 and stack.series_uid.endswith(series))]  # fmt: skip
    scans = [stack for stack in named if not stack.is_localizer]
    fitting = scans or named
    if len(fitting) == 1:
        left = len(named) - 1
        note = (f"{left} localizer(s) of the same study were left out",) if left else ()
        return replace(fitting[0], notes=(*fitting[0].notes, *note))
    listed = "; ".join(str(stack) for stack in stacks[:20]) + ("; ..." if len(stacks) > 20 else "")
    what = f"{len(fitting) or 'none'} of them named '{series}'" if series is not None else "and one was expected"
    raise ImageError(f"{path.name} holds {len(stacks)} images, {what}. They are: {listed}. "
                     f"Name one by its number, for example '{path.name}#{stacks[-1].name}'.")  # fmt: skip


@archives_kept_open()
def read_stack(stack: Stack) -> MedicalImage:
    """Read a stack's pixels.

    Raises:
        ImageError: It makes no single grid, or its pixels cannot be read.
    """
    first, header = stack.first, stack.first.header
    if stack.fault is not None:
        raise ImageError(f"{first.file.path.name}: {stack.fault}")
    notes = list(stack.notes)
    if is_tiled(header):
        return _slide(stack)
    if tile_count(header) is not None:
        if len(stack.planes) > 1:
            raise ImageError(f"{first.file.path.name}: {len(stack.planes)} mosaics of one series, each a volume. "
                             "Name one file.")  # fmt: skip
        slices, affine = tile_count(header) or 1, mosaic_affine(first)
        _, rows, columns = tile_side(header, *first.size)
        frames: tuple[int, ...] = (1,) * slices
    else:
        (rows, columns), affine = first.size, stack.affine
        slices = len(stack.planes)
        frames = tuple(plane.number for plane in stack.planes) if first.shared.frames > 1 else ()
    _check_volume(slices, rows, columns, stack)
    shape = (columns, rows, slices)
    if affine is None:
        geometry, said = unplaced_geometry(first, shape)
        notes += said
    else:
        geometry = displayed_geometry(affine, shape, first.file.name, across=2)
    voxels = _filled(stack, geometry)
    notes += _dose(header)
    return _content(stack, voxels, geometry, tuple(notes), frames)


def _check_volume(slices: int, rows: int, columns: int, stack: Stack) -> None:
    samples = whole(stack.first.header, "SamplesPerPixel") or 1
    samples = 3 if is_palette(stack.first.header) else samples
    if samples not in (1, 3) or slices * rows * columns * samples > MAX_VOXELS:
        raise ImageError(f"{stack.first.file.path.name} states {slices} x {rows} x {columns} voxels of {samples} "
                         f"value(s); up to {MAX_VOXELS:,} of 1 or 3 are read. Cut out a part of it.")  # fmt: skip


def _filled(stack: Stack, geometry: Geometry) -> np.ndarray:
    """All planes in displayed order: (H, W), (D, H, W), or either with colours last."""
    depth_first = (1, *geometry.shape)[-3:]
    out: np.ndarray | None = None
    whole_type = value_type(stack.planes)
    for place, frame in _frames(stack):
        if out is None:
            colours = frame.shape[2:]
            out = np.zeros((*depth_first, *colours), frame.dtype if colours else whole_type)
        if out.dtype.kind in "iu" and frame.dtype != out.dtype:
            out = _wide_enough(out, frame)
        geometry.stored_view(out)[:, :, place] = frame.swapaxes(0, 1)
    assert out is not None
    return out[0] if out.shape[0] == 1 else out


def _wide_enough(out: np.ndarray, frame: np.ndarray) -> np.ndarray:
    """The volume in a type that also holds this frame, whose writer went beyond what its header states."""
    if frame.dtype.kind == "f":
        return out.astype(np.float32)
    least, most = int(frame.min()), int(frame.max())
    ends = np.iinfo(out.dtype)
    if ends.min <= least and most <= ends.max:
        return out
    return out.astype(fitting_type(min(least, int(out.min())), max(most, int(out.max()))))


def _frames(stack: Stack) -> Iterator[tuple[int, np.ndarray]]:
    """(place, values): of each plane its slice k and its (H, W) or (H, W, 3) values."""
    of_file: defaultdict[DicomFile, list[int]] = defaultdict(list)
    for index, plane in enumerate(stack.planes):
        of_file[plane.file].append(index)
    mosaic = tile_count(stack.first.header) is not None
    for file, indices in of_file.items():
        frames = decoded_frames(file, [stack.planes[index].number for index in indices])
        for index, frame in zip(indices, frames, strict=True):
            plane = stack.planes[index]
            if mosaic:
                yield from enumerate(untiled(meaning(frame, plane), plane))
            else:
                yield index, shown_values(frame, plane)


def shown_values(frame: np.ndarray, plane: StoredPlane) -> np.ndarray:
    """A decoded frame in the values' own unit, or in colours."""
    if is_palette(plane.header):
        return shown_colours(frame, plane.header)
    return frame if frame.ndim == 3 else meaning(frame, plane)


def _slide(stack: Stack) -> MedicalImage:
    first = stack.first
    rows, columns = slide_size(first)
    picture: np.ndarray | None = None
    for place, frame in _frames(stack):
        if picture is None:
            picture = np.zeros((rows, columns, *frame.shape[2:]), frame.dtype)
        place_tile(picture, frame, stack.planes[place])
    assert picture is not None
    geometry, notes = unplaced_geometry(first, (columns, rows, 1), directed=False)
    return _content(stack, picture, geometry, (*stack.notes, *notes), ())


def _content(
    stack: Stack, voxels: np.ndarray, geometry: Geometry, notes: tuple[str, ...], frames: tuple[int, ...]
) -> MedicalImage:
    header = stack.first.header
    modality = modality_of(header)
    if voxels.shape[-1] == 3 and voxels.ndim > 2 and len(geometry.shape) < voxels.ndim:
        deep = voxels.dtype != np.uint8
        window = (0.0, float(2 ** (whole(header, "BitsStored") or 16) - 1)) if deep else None
    else:
        window = shown_range(stack.planes, voxels, modality)
    headers = (header,) if frames or is_tiled(header) else tuple(plane.header for plane in stack.planes)
    series = DicomSeries(headers, frames, stack.study_uid, stack.series_uid, text(header, "FrameOfReferenceUID"))
    return MedicalImage(voxels, geometry, modality, stack.first.file.path, notes, window=window, dicom=series)


def _dose(header: "Dataset") -> list[str]:
    scale = number(header, "DoseGridScaling")
    return [] if scale is None else [f"the values are stored ones; times {scale:g} they are the dose"]
