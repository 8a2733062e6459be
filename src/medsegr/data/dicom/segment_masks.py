"""The masks of a DICOM-SEG in the grid of an image: voxel on voxel, overlapping where segments do, not resampled."""

import numpy as np

from medsegr.data.dicom.planes import StoredPlane
from medsegr.data.dicom.segmentation_reader import DicomSegmentation, source_of
from medsegr.data.dicom.series import DicomSeries
from medsegr.data.dicom.slice_order import LPS_TO_RAS
from medsegr.data.dicom.tiles import is_tiled, place_tile
from medsegr.data.geometry import PLACE_TOLERANCE
from medsegr.data.medical_image import MedicalImage
from medsegr.errors import ImageError


def masks_on(segmentation: DicomSegmentation, image: MedicalImage, at_least: float = 0.5) -> dict[int, np.ndarray]:
    """The masks of all segments, by number: bool, of the image's shape as displayed; empty ones are all False.

    Args:
        at_least: See :meth:`DicomSegmentation.frames`.

    Raises:
        ImageError: It is of other images, its voxels are none of the image's, or it cannot be decoded.
    """
    _check_belongs(segmentation, image)
    columns, rows, slices = (*image.geometry.stored_shape, 1)[:3]
    masks = {segment.number: np.zeros((columns, rows, slices), bool) for segment in segmentation.segments}
    if is_tiled(segmentation.planes[0].header):
        for plane, number, frame in segmentation.frames(at_least):
            place_tile(masks[number][:, :, 0].T, frame, plane)
    else:
        for plane, number, frame in segmentation.frames(at_least):
            _put(masks[number], frame, plane, image)
    shape = image.mask_shape
    return {number: image.geometry.to_displayed(mask).reshape(shape) for number, mask in masks.items()}


def _check_belongs(segmentation: DicomSegmentation, image: MedicalImage) -> None:
    series, name = image.dicom, segmentation.file.name
    if series is None:
        raise ImageError(f"{name} is a DICOM segmentation, and the image is not DICOM. Give the series it is of.")
    same_space = segmentation.frame_of_reference_uid and (
        segmentation.frame_of_reference_uid == series.frame_of_reference_uid
    )
    if segmentation.series_uid != series.series_uid and not same_space:
        raise ImageError(f"{name} was drawn on another series, in another space. Give the series it is of.")


def _put(mask: np.ndarray, frame: np.ndarray, plane: StoredPlane, image: MedicalImage) -> None:
    """Write a frame where it belongs; ``mask`` is as stored: columns, rows, slices."""
    if plane.is_placed and image.geometry.affine is not None:
        place = _by_place(frame, plane, image.geometry.affine)
    else:
        assert image.dicom is not None
        place = _by_reference(frame, plane, image.dicom, mask.shape)
    inside = ((place >= 0) & (place < np.array(mask.shape))).all(axis=1)
    if not inside.all():
        raise ImageError(f"{plane}: a part of the segment lies outside of the image. Give the series it was drawn on.")
    mask[tuple(place.T)] = True


def _by_place(frame: np.ndarray, plane: StoredPlane, affine: np.ndarray) -> np.ndarray:
    """(N, 3) stored voxels of the image that the N pixels of a segment's frame are.

    Raises:
        ImageError: They are no voxels of the image.
    """
    place = plane.place
    rows, columns = frame.shape
    ends = np.array([[0, 0], [columns - 1, 0], [0, rows - 1], [columns - 1, rows - 1]], np.float64)
    to_image = np.linalg.inv(affine) @ LPS_TO_RAS
    steps = np.stack([place.directions[0] * place.spacing[1], place.directions[1] * place.spacing[0]])
    corners = (place.position + ends @ steps) @ to_image[:3, :3].T + to_image[:3, 3]
    nearest = np.rint(corners)
    off_mm = np.linalg.norm((corners - nearest) @ affine[:3, :3].T, axis=1).max()
    along = (nearest[1] - nearest[0]) / max(columns - 1, 1)
    down = (nearest[2] - nearest[0]) / max(rows - 1, 1)
    straight = all(np.array_equal(np.sort(np.abs(step)), [0, 0, float(count > 1)])
                   for step, count in ((along, columns), (down, rows)))  # fmt: skip
    if not straight or off_mm > PLACE_TOLERANCE * float(np.linalg.norm(affine[:3, :3], axis=0).min()):
        raise ImageError(f"{plane}: its pixels are no voxels of the image (other spacing, direction or place). "
                         "Give the series it was drawn on, or resample it.")  # fmt: skip
    y, x = np.nonzero(frame)
    return (nearest[0] + np.outer(x, along) + np.outer(y, down)).astype(np.int64)


def _by_reference(frame: np.ndarray, plane: StoredPlane, series: DicomSeries, shape: tuple[int, ...]) -> np.ndarray:
    """The same, by the image that the frame says it was drawn on."""
    columns, rows, slices = shape
    if frame.shape != (rows, columns):
        raise ImageError(f"{plane} has {frame.shape[1]} x {frame.shape[0]} pixels, the image {columns} x {rows}. "
                         "Give the series it was drawn on.")  # fmt: skip
    uid, number = source_of(plane)
    uids = [str(header.get("SOPInstanceUID")) for header in series.headers]
    if series.frames and uid in (*uids, "") and (number or slices == 1):
        wanted = [k for k, each in enumerate(series.frames) if each == number or slices == 1]
    else:
        wanted = [k for k, each in enumerate(uids) if each == uid]
    if slices == 1 and not uid:
        wanted = [0]
    if len(wanted) != 1:
        raise ImageError(f"{plane} says neither its place nor which image it was drawn on. Export it again.")
    y, x = np.nonzero(frame)
    return np.stack([x, y, np.full_like(x, wanted[0])], axis=1)
