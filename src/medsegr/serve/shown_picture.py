"""What the page shows of a job: the picture as it was read, its masks and location maps, plane by plane."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from medsegr.serve.read_pictures import Picture

if TYPE_CHECKING:
    from medsegr.inference.result import FindingResult, Result

VIEW = "view"
"""Folder of it, inside the results."""

MAP_PX = 512
"""Longest side of a location map; larger ones are thinned."""

KEPT_TYPES = ("uint8", "int16", "uint16")
"""Types of voxels that a browser takes as they are; others become float32."""


def write_view(folder: Path, result: "Result", picture: Picture) -> None:
    """Write ``view/`` into the folder of a result on a picture."""
    folder = folder / VIEW
    folder.mkdir()
    image, findings = result.image, result.findings
    voxels = image.voxels if image.is_volume else image.voxels[None]
    kind = voxels.dtype.name if voxels.dtype.name in KEPT_TYPES else "float32"
    shown = np.ascontiguousarray(voxels, np.dtype(kind).newbyteorder("<"))
    np.save(folder / "planes.npy", shown)
    if findings:
        stacks = (np.stack([found.plane_mask(plane) for found in findings]) for plane in range(image.planes))
        np.save(folder / "masks.npy", np.stack([np.packbits(stack) for stack in stacks]))
    for number, found in enumerate(findings):
        if found.location_map is not None:
            np.save(folder / f"map-{number}.npy", _thinned(found.location_map))
    record = {
        "planes": image.planes,
        "height": image.size[0],
        "width": image.size[1],
        "colour": image.is_colour,
        "type": kind,
        "lowest": float(shown.min()),
        "highest": float(shown.max()),
        "window": list(image.grey_range),
        "hounsfield": (image.modality or "").endswith("_ct") and kind != "uint8",
        "aspect": image.geometry.spacing_mm[1] / image.geometry.spacing_mm[2],
        "patient_sides": image.view.patient_sides,
        "notes": list(image.notes),
        "series": list(picture.series),
        "chosen": picture.chosen,
        "findings": [_shown(found) for found in findings],
    }
    (folder / "view.json").write_text(json.dumps(record), encoding="utf-8")


def read_view(folder: Path) -> dict[str, Any] | None:
    """What :func:`write_view` noted in a folder of results; None where nothing is shown of them."""
    path = folder / VIEW / "view.json"
    record: dict[str, Any] | None = json.loads(path.read_bytes()) if path.is_file() else None
    return record


def read_plane(folder: Path, kind: str, plane: int) -> bytes | None:
    """One plane of ``planes`` (values, little-endian) or ``masks`` (bits of (K, H, W)); None where there is none."""
    path = folder / VIEW / f"{kind}.npy"
    if not path.is_file():
        return None
    kept = np.load(path, mmap_mode="r")
    return kept[plane].tobytes() if 0 <= plane < len(kept) else None


def read_map(folder: Path, number: int) -> tuple[tuple[int, ...], bytes] | None:
    """(height, width) and bytes 0 to 255 of the location map of a finding; None where it was not looked for."""
    path = folder / VIEW / f"map-{number}.npy"
    if not path.is_file():
        return None
    kept = np.load(path)
    return kept.shape, kept.tobytes()


def _shown(found: "FindingResult") -> dict[str, Any]:
    return {
        "id": found.id,
        "key_plane": found.key_plane,
        "map": found.location_map is not None,
        "areas": [int(plane.sum()) for plane in found.planes],
    }


def _thinned(location_map: np.ndarray) -> np.ndarray:
    step = -(-max(location_map.shape) // MAP_PX)
    values = location_map[step // 2 :: step, step // 2 :: step] if step > 1 else location_map
    return np.ascontiguousarray((np.clip(values, 0.0, 1.0) * 255).round().astype(np.uint8))
