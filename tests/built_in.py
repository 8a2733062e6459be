"""Stands in for the models inside the package: ``tiny`` as it ships, and a ``lite`` that tests make."""

import json
import shutil
from pathlib import Path

import pytest

from medsegr.inference import builtin

TRAINED = {"colonoscopy": ["polyp"], "chest_xray": ["left_lung", "right_lung"], "fundus": ["optic_disc"]}


def put_lite_beside(folder: Path, model: Path, monkeypatch: pytest.MonkeyPatch, family: str = "tiny") -> None:
    """From now on the package holds ``tiny`` and a ``lite``.

    Args:
        folder: A new folder for both.
        model: Folder of a model, which becomes ``lite``: trained on what :data:`TRAINED` names, refusing the rest.
        family: Of its host, as its card has it.
    """
    shipped = builtin.builtin_folder()
    shutil.copytree(model, folder / "lite")
    shutil.copytree(shipped / "tiny", folder / "tiny")
    path = folder / "lite" / "adapter.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    record["host"]["family"] = family
    record["metadata"] |= {"trained_targets": TRAINED, "untrained_findings": "refuse"}
    path.write_text(json.dumps(record), encoding="utf-8")
    monkeypatch.setattr(builtin, "builtin_folder", lambda: folder)
