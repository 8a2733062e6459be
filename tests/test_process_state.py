"""What belongs to the whole process is left alone: threads that read or draw neither change it nor wait for another."""

import logging
import os
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import matplotlib
import nibabel
import nibabel as nib
import numpy as np
import pytest
import scipy.ndimage
import scipy.special
import tifffile
from matplotlib.figure import Figure
from PIL import Image
from PIL.PngImagePlugin import PngImageFile

from medsegr.data.image import load_image
from medsegr.data.label_map import load_label_map
from medsegr.errors import ImageError
from medsegr.evaluation.plots import as_svg, blank
from medsegr.explain import page
from medsegr.explain.figure import save_figures
from tests.explain.made_result import made_result

THREADS = 4
LOGGERS = [logging.getLogger(name) for name in ("PIL", "tifffile", "nibabel.global")]


IMPORTED = (nibabel, scipy.ndimage, scipy.special)
"""What is imported when it is first needed, and adds filters of warnings, once: here, before the state is looked at."""


def state() -> tuple:
    error = os.fstat(2)
    loggers = [(logger.propagate, logger.disabled, logger.level) for logger in LOGGERS]
    return (error.st_dev, error.st_ino), list(warnings.filters), loggers, dict(matplotlib.rcParams)


@pytest.fixture(autouse=True)
def often() -> Iterator[None]:
    """Threads change places as often as can be."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


def in_threads(work: Callable[[int], object], times: int, threads: int = THREADS) -> None:
    """Calls ``work`` with the thread's number, so often in each thread, all at once."""
    start, errors = threading.Barrier(threads), []

    def run(number: int) -> None:
        start.wait()
        try:
            for _ in range(times):
                work(number)
        except Exception as error:
            errors.append(error)

    running = [threading.Thread(target=run, args=(number,)) for number in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    assert errors == []


def written(folder: Path, kind: str) -> Path:
    """A picture or volume of noise as a file; ``cut.tif`` is truncated."""
    array = np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)
    path = folder / f"a_{kind}"
    if path.suffix == ".nii":
        nib.save(nib.Nifti1Image(array[..., None], np.eye(4)), path)
        return path
    Image.fromarray(array).save(path, **({"compression": "tiff_lzw"} if path.suffix == ".tif" else {}))
    if kind == "cut.tif":
        path.write_bytes(path.read_bytes()[:-2000])
    return path


@pytest.mark.parametrize("kind", [".png", ".tif", "cut.tif", ".nii"])
@pytest.mark.parametrize("load", [load_image, load_label_map])
def test_reading(load: Callable, kind: str, tmp_path: Path) -> None:
    path, before = written(tmp_path, kind), state()

    def read(_: int) -> None:
        with suppress(ImageError):
            load(path)

    in_threads(read, 60)
    assert state() == before


def test_reading_what_pil_has_opened(tmp_path: Path) -> None:
    path, before = written(tmp_path, ".tif"), state()
    in_threads(lambda _: load_image(Image.open(path)), 60)
    assert state() == before


def test_pictures_volumes_and_figures_at_once(tmp_path: Path) -> None:
    paths = [written(tmp_path, kind) for kind in (".png", ".tif", ".nii")]
    result, before = made_result(), state()

    def work(number: int) -> None:
        if number == 0:
            save_figures(tmp_path, result, "case")
            as_svg(blank()[0], "plot")
        for path in paths:
            load_image(path)

    in_threads(work, 3)
    assert state() == before


DECODERS = {
    ".png": (PngImageFile, "load_prepare"),
    ".tif": (tifffile.TiffPage, "asarray"),
    ".nii": (nib.arrayproxy, "array_from_file"),
}
"""What every reading of such a file calls, in the midst of it."""


def calls_first(monkeypatch: pytest.MonkeyPatch, owner: object, name: str, first: Callable[[], object]) -> None:
    original = getattr(owner, name)
    monkeypatch.setattr(owner, name, lambda *args, **options: (first(), original(*args, **options))[1])


@pytest.mark.parametrize("kind", DECODERS)
@pytest.mark.parametrize("load", [load_image, load_label_map])
def test_reading_changes_nothing_for_a_moment(load: Callable, kind: str, tmp_path: Path, monkeypatch) -> None:
    path, before, seen = written(tmp_path, kind), state(), []
    calls_first(monkeypatch, *DECODERS[kind], lambda: seen.append(state() == before))
    load(path)
    assert seen == [True]


def test_drawing_changes_nothing_for_a_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, seen = state(), []
    calls_first(monkeypatch, Figure, "draw", lambda: seen.append(state() == before))
    calls_first(monkeypatch, page, "png_of", lambda: seen.append(state() == before))
    as_svg(blank()[0], "plot")
    plotted = len(seen)
    save_figures(tmp_path, made_result(), "case")
    assert plotted and len(seen) == plotted + 2 and all(seen)


@pytest.mark.parametrize("kind", DECODERS)
@pytest.mark.parametrize("load", [load_image, load_label_map])
def test_two_threads_decode_at_the_same_time(load: Callable, kind: str, tmp_path: Path, monkeypatch) -> None:
    path, both = written(tmp_path, kind), threading.Barrier(2, timeout=20)
    calls_first(monkeypatch, *DECODERS[kind], both.wait)  # raises where one thread has to wait for the other
    in_threads(lambda _: load(path), 1, threads=2)


def test_what_others_write_meanwhile_arrives(tmp_path: Path, capfd) -> None:
    paths = [written(tmp_path, kind) for kind in (".tif", "cut.tif")]
    finished, lines = threading.Event(), 0

    def read() -> None:
        for path in paths * 40:
            with suppress(ImageError):
                load_image(path)
        finished.set()

    reader = threading.Thread(target=read)
    reader.start()
    while not finished.is_set():
        os.write(2, b"a line of the application\n")
        lines += 1
    reader.join()
    assert capfd.readouterr().err == "a line of the application\n" * lines


@pytest.mark.parametrize("compression", [None, "tiff_lzw"])
def test_tiffs_are_read_where_standard_error_is_closed(compression: str | None, tmp_path: Path) -> None:
    array = np.random.default_rng(0).integers(0, 256, (20, 30), dtype=np.uint8)
    Image.fromarray(array).save(tmp_path / "a.tif", compression=compression)
    kept = os.dup(2)
    os.close(2)  # the next file that is opened gets its number
    try:
        voxels, label_map = load_image(tmp_path / "a.tif").voxels, load_label_map(tmp_path / "a.tif")
    finally:
        os.dup2(kept, 2)
        os.close(kept)
    np.testing.assert_array_equal(voxels, array)
    np.testing.assert_array_equal(label_map, array)
