"""What belongs to the whole process is after work in several threads what it was before."""

import logging
import os
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import matplotlib
import nibabel as nib
import numpy as np
import pytest
from medsegr._process_state import PROCESS_STATE
from PIL import Image

from medsegr.data.image import load_image, load_label_map
from medsegr.data.raster import read_picture
from medsegr.errors import ImageError
from medsegr.evaluation.plots import as_svg, blank
from medsegr.explain.figure import save_figures
from tests.explain.made_result import made_result

THREADS = 4
LOGGERS = [logging.getLogger(name) for name in ("PIL", "tifffile", "nibabel.global")]


def state() -> tuple:
    error = os.fstat(2)
    loggers = [(logger.propagate, logger.disabled, logger.level) for logger in LOGGERS]
    return (error.st_dev, error.st_ino), list(warnings.filters), loggers, dict(matplotlib.rcParams)


@pytest.fixture(autouse=True)
def put_back() -> Iterator[None]:
    """A test that fails leaves nothing changed for the next; threads change places as often as can be."""
    kept, interval = os.dup(2), sys.getswitchinterval()
    loggers = [(logger.propagate, logger.disabled) for logger in LOGGERS]
    sys.setswitchinterval(1e-6)
    with warnings.catch_warnings(), matplotlib.rc_context():
        yield
    sys.setswitchinterval(interval)
    os.dup2(kept, 2)
    os.close(kept)
    for logger, (propagate, disabled) in zip(LOGGERS, loggers, strict=True):
        logger.propagate, logger.disabled = propagate, disabled


def in_threads(work: Callable[[int], object], times: int) -> None:
    """Calls ``work`` with the thread's number, so often in each thread, all at once."""
    start, errors = threading.Barrier(THREADS), []

    def run(number: int) -> None:
        start.wait()
        try:
            for _ in range(times):
                work(number)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
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


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_child_that_is_forked_meanwhile_inherits_neither_the_lock_nor_the_change(tmp_path: Path) -> None:
    path, before, held, leave = written(tmp_path, ".tif"), state(), threading.Event(), threading.Event()

    def hold() -> None:
        with PROCESS_STATE, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            held.set()
            leave.wait(0.2)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    child = os.fork()
    if not child:
        code = 1
        try:
            other = threading.Thread(target=read_picture, args=(path,), daemon=True)
            same = state() == before
            other.start()
            other.join(20)
            code = 0 if same and not other.is_alive() else 1
        finally:
            os._exit(code)
    leave.set()
    thread.join()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert state() == before


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
