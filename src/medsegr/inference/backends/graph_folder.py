"""Exported graphs on disk: a folder for each, found by the model's content and by the versions that made it."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from importlib import resources
from pathlib import Path
from typing import Any

from medsegr._version import __version__
from medsegr.data.content_digest import digest
from medsegr.data.outputs import naming
from medsegr.inference.backends.graphs import Graph
from medsegr.inference.backends.runtime import Runtime
from medsegr.model.report_guided_sam import ReportGuidedSam

NAMES, SCHEMA = "graph.json", "medsegr.graphs/1"
MOST_GRAPHS = 48
"""Folders that are kept; beyond it those go that were unused for longest."""

OWN_CODE = (
    "backbones/*.py",
    "cognition/fusion_transformer.py",
    "cognition/prior_embedding.py",
    "cognition/priors.py",
    "inference/backends/*.py",
    "model/adapter.py",
    "model/divided_host.py",
    "model/guided_pass.py",
    "model/native_prompts.py",
    "model/report_guided_sam.py",
    "model/support_head.py",
    "perception/*.py",
)
"""Files of ours that decide what a graph computes."""


def graphs_home() -> Path:
    """Where exported graphs lie: ``graphs`` under ``$MEDSEGR_CACHE``, else under the user's own folder of caches."""
    if own := os.environ.get("MEDSEGR_CACHE"):
        return Path(own).expanduser() / "graphs"
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "medsegr" / "graphs"


def any_exported() -> bool:
    """Whether this user ever exported a graph."""
    return any(graphs_home().glob("*-encode"))


def model_key(model: ReportGuidedSam, runtime: Runtime) -> str:
    """A hash of all that decides what graphs of a model compute: weights, sizes, code, versions."""
    import torch

    hashed = hashlib.sha256()
    told = (
        __version__, torch.__version__, runtime.name, runtime.version, model.backbone.spec, model.backbone.image_size,
        model.adapter.config, model.trunk_block, [len(names) for names in _names(model)], _code(),
    )  # fmt: skip
    hashed.update(repr(told).encode())
    adapter = model.adapter.state_dict()
    for name, tensor in sorted(
        {**model.backbone.model.state_dict(), **{f"own.{k}": adapter[k] for k in adapter}}.items()
    ):
        hashed.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        hashed.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return hashed.hexdigest()[:32]


class GraphFolder:
    """Where one graph of a model lies.

    Args:
        key: From :func:`model_key`.
        part: Of the model.
        home: Of all graphs; the user's own by default.
    """

    def __init__(self, key: str, part: str, home: Path | None = None) -> None:
        self.home = home or graphs_home()
        self.path = self.home / f"{key}-{part}"

    @property
    def written(self) -> bool:
        """Whether the graph is there, whole."""
        return (self.path / NAMES).is_file()

    def outputs(self) -> tuple[str, ...]:
        """Names of what the graph gives."""
        os.utime(self.path)
        record: dict[str, Any] = json.loads((self.path / NAMES).read_text(encoding="utf-8"))
        return tuple(record["outputs"])

    def write(self, graph: Graph, runtime: Runtime) -> None:
        """Export a graph: whole or not at all. Whoever comes second, of several processes, leaves the first's.

        Raises:
            OutputError: The folder of caches is not writable.
        """
        with naming(self.home):
            self.home.mkdir(parents=True, exist_ok=True)
            stage = Path(tempfile.mkdtemp(prefix=".", dir=self.home))
            try:
                runtime.write(graph, stage)
                record = {"part": graph.part, "inputs": list(graph.inputs), "outputs": list(graph.outputs),
                          "backend": runtime.name, "version": runtime.version, "medsegr": __version__}  # fmt: skip
                (stage / NAMES).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
                stage.rename(self.path)
            except OSError:
                if not self.written:  # else another process was first
                    raise
            finally:
                shutil.rmtree(stage, ignore_errors=True)
            self._prune()

    def _prune(self) -> None:
        with suppress(FileNotFoundError):  # another process does the same
            for folder in sorted(self.home.glob("*-*/"), key=lambda folder: folder.stat().st_mtime)[:-MOST_GRAPHS]:
                shutil.rmtree(folder, ignore_errors=True)


def copy_graphs(folders: Sequence[GraphFolder], out: Path) -> None:
    """Copy graphs into an existing folder, named for their parts; ``graphs.json`` says what goes in and comes out."""
    records = []
    for folder in folders:
        record = json.loads((folder.path / NAMES).read_text(encoding="utf-8"))
        files = sorted(path for path in folder.path.iterdir() if path.name.startswith("graph.") and path.name != NAMES)
        for path in files:
            shutil.copyfile(path, out / f"{record['part']}{path.suffix}")
        records.append({**record, "files": [f"{record['part']}{path.suffix}" for path in files]})
    (out / "graphs.json").write_text(
        json.dumps({"schema": SCHEMA, "graphs": records}, indent=1) + "\n", encoding="utf-8"
    )


def _names(model: ReportGuidedSam) -> list[tuple[str, ...]]:
    vocabulary = model.vocabulary
    return [vocabulary.target, vocabulary.location, vocabulary.texture, vocabulary.shape]


def _code() -> str:
    """A hash of our own code that goes into graphs."""
    package = Path(str(resources.files("medsegr")))
    return digest(*(path.read_bytes() for files in OWN_CODE for path in sorted(package.glob(files))))
