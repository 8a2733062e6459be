"""A worker without a model, for tests of the service: what is bright in the picture is outlined.

Targets tell it what to do besides: ``aorta`` takes a second longer, ``liver`` ends the process in the middle of the
job, ``spleen`` does so the first time, ``kidney`` never ends, ``bladder`` fails in a way that nobody has foreseen.
"""

import json
import os
import time
from pathlib import Path

import numpy as np
from PIL import Image

from medsegr.data.image import load_image
from medsegr.errors import MedsegrError
from medsegr.serve.picture_file import check_announced
from medsegr.serve.worker import lines

BRIGHT = 200


def tell(event: str, **more: object) -> None:
    """One line on standard output."""
    print(json.dumps({"event": event, **more}), flush=True)


def finding(name: str, folder: Path, mask: np.ndarray) -> dict:
    """An entry as findings.json has them, and its mask."""
    Image.fromarray(mask.astype(np.uint8) * 255).save(folder / f"{name}.png")
    return {
        "id": name, "target": name, "presence": "present",
        "location": {"laterality": None, "zones": [], "frame": "image"}, "texture": [],
        "shape": {"attributes": [], "size_mm": [], "count": None}, "evidence": [], "trigger": [], "box": None,
        "mask": f"{name}.png", "reason": None, "looked_twice": False, "support": 1.0, "area_px": int(mask.sum()),
        "volume_mm3": None, "size_mm": None,
    }  # fmt: skip


def do(folder: Path, most: int) -> None:
    """One job, of a picture with at most so many pixels."""
    asked = json.loads((folder / "request.json").read_text())
    targets = asked["targets"] or ["nodule"]
    tell("progress", stage="segmenting", share=0.5)
    tried = folder / "tried"
    if "liver" in targets or ("spleen" in targets and not tried.exists()):
        tried.touch()
        os._exit(1)
    while "kidney" in targets:
        time.sleep(0.1)
    if "bladder" in targets:
        raise RuntimeError("PLANTED JANE DOE")
    time.sleep(1.0 if "aorta" in targets else 0.0)
    path = next(folder.glob("picture.*"))
    check_announced(path, most)
    picture = load_image(path).voxels
    made = folder / "made"
    made.mkdir(exist_ok=True)
    found = [finding(name, made, picture >= BRIGHT) for name in targets]
    record = {
        "schema": "medsegr.findings/1", "case": folder.name, "image": "picture.png", "model": "bright",
        "model_chosen": None, "modality": asked["modality"], "looks": {"flips": False}, "findings": found,
        "warnings": [],
    }  # fmt: skip
    (made / "findings.json").write_text(json.dumps(record))
    made.rename(folder / "result")


def main() -> None:
    """As the real one."""
    told = lines()
    setup = json.loads(next(told))
    if setup["model"] == "none":
        tell("refused", error="No model 'none'.")
        return
    tell("ready", models=[{"name": "bright", "trained_targets": {"chest_xray": ["nodule"]}, "weights_sha256": None}])
    for line in told:
        try:
            do(Path(json.loads(line)["folder"]), setup["pixels"])
        except MedsegrError as error:
            tell("failed", code="input", error=str(error))
        except RuntimeError as error:
            tell("failed", code="internal", error="The service failed at this job.", frames=[type(error).__name__])
        else:
            tell("done", found=0, computed=1)


if __name__ == "__main__":
    main()
