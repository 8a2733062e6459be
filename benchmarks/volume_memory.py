"""Peak memory of a large CT volume, from file to masks on disk: ``python -m benchmarks.volume_memory``.

A NIfTI file of 512 x 512 x 600 int16 voxels is read, asked for eight findings and written, in a process of its own,
whose peak is that of ``getrusage``. The model answers every ``--every``-th batch of planes; the others get its last
answer, for memory is bounded by the batch and does not depend on which planes are really looked at. All masks are
dense: no plane is left out, and a low threshold outlines much.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np

import medsegr
from benchmarks.record import write_record
from medsegr.cognition.lexicon import Lexicon
from medsegr.data.image import load_image
from medsegr.inference.looks import Looks
from medsegr.inference.plane import Ask, PlanePrediction, Question
from medsegr.inference.thresholds import Thresholds
from medsegr.inference.writer import write_case
from medsegr.model.report_guided_sam import ReportGuidedSam

TARGETS = ("liver", "kidney", "spleen", "aorta", "liver_lesion", "mass", "nodule", "consolidation")


@dataclass(frozen=True)
class FewLooks(Looks):
    """Looks at every so many-th batch alone, and repeats the last answer."""

    every: int = 1

    def ask(self, model: ReportGuidedSam, thresholds: Thresholds, lexicon: Lexicon) -> Ask:
        """The way to ask this model."""
        inner, last, calls = super().ask(model, thresholds, lexicon), [], 0

        def ask(planes: Sequence[np.ndarray], questions: Sequence[Question]) -> list[PlanePrediction]:
            nonlocal last, calls
            if calls % self.every == 0 or len(last) < len(planes):
                last = inner(planes, questions)
            calls += 1
            return last[: len(planes)]

        return ask


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure in a child process and write ``results/volume_memory.json``."""
    options = _options(arguments)
    if options.child:
        print(json.dumps(measured(Path(options.child), options.every)))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ct.nii"
        _write_volume(path, tuple(options.shape))
        command = [
            sys.executable,
            "-m",
            "benchmarks.volume_memory",
            "--child",
            str(path),
            "--every",
            str(options.every),
        ]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    shape, every = "x".join(map(str, options.shape)), options.every
    write_record("volume_memory", 0, {"shape": shape, "model_asked_every": every, **json.loads(done.stdout)})


def measured(path: Path, every: int) -> dict[str, float]:
    """MiB at the peak of each step."""
    predictor = medsegr.load("tiny")
    predictor.looks = FewLooks(every=every)
    steps = {"model": _peak()}
    image = load_image(path, "abdomen_ct")
    steps["read"] = _peak()
    result = predictor.segment(image, targets=TARGETS, threshold=0.02, support_threshold=0.0, untrained="draw")
    steps["segmented"] = _peak()
    out = path.parent / "case"
    out.mkdir()
    write_case(out, result, case="ct", image=path.name, model="tiny")
    voxels = sum(found.area_px for found in result.findings)
    return {
        **{f"{name}_mib": peak for name, peak in steps.items()},
        "written_mib": _peak(),
        "findings": len(result.findings),
        "share_outlined": round(voxels / image.voxels.size / len(TARGETS), 3),
    }


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def _write_volume(path: Path, shape: tuple[int, ...]) -> None:
    """Noise in Hounsfield units, brighter towards the middle, plane by plane."""
    rng = np.random.default_rng(0)
    rows, columns = np.ogrid[-1 : 1 : shape[0] * 1j, -1 : 1 : shape[1] * 1j]
    body = np.where(rows**2 + columns**2 < 0.7, 40, -1000)
    voxels = np.empty(shape, np.int16, order="F")
    for place in range(shape[2]):
        voxels[..., place] = body + rng.integers(-60, 60, shape[:2])
    nib.save(nib.Nifti1Image(voxels, np.diag([-0.8, -0.8, 1.0, 1.0])), path)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shape", type=int, nargs=3, default=(512, 512, 600))
    parser.add_argument("--every", type=int, default=25, help="batches of which the model answers one")
    parser.add_argument("--child", help="measure this file and print the figures")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
