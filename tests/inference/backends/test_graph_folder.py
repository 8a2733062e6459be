"""Graphs are exported anew when code that decides what they compute has changed, by several processes at once too."""

import ast
import shutil
from pathlib import Path
from types import SimpleNamespace

import medsegr
from medsegr.inference.backends import graph_folder, graphs
from medsegr.inference.backends.graph_folder import OWN_CODE, GraphFolder

ROOMS = ("backbones", "cognition", "model", "perception")


def test_all_that_graphs_are_made_of_is_in_their_key():
    package = Path(medsegr.__file__).parent
    covered = {path.relative_to(package).as_posix() for files in OWN_CODE for path in package.glob(files)}
    told = ast.walk(ast.parse(Path(graphs.__file__).read_text(encoding="utf-8")))
    modules = {node.module or "" for node in told if isinstance(node, ast.ImportFrom)}
    used = {f"{module.removeprefix('medsegr.').replace('.', '/')}.py" for module in modules}
    own = {path for path in used if path.startswith(ROOMS) and (package / path).is_file()}
    assert {"model/guided_pass.py", "backbones/trunk.py"} <= own <= covered, own - covered
    assert all(list(package.glob(files)) for files in OWN_CODE)


class Writer:
    """Writes a graph of no content."""

    name, version = "drawn", "1"

    def write(self, graph, folder):
        (folder / "graph.bin").write_text(graph.part)


GRAPH = SimpleNamespace(part="encode", inputs=["picture"], outputs=["mask"])


def test_who_comes_second_leaves_the_graph_of_the_first(tmp_path, monkeypatch):
    folder, rename, others = GraphFolder("key", "encode", tmp_path), Path.rename, []

    def rename_after_another(stage, place):
        others.append(rename(shutil.copytree(stage, tmp_path / ".other"), place) if not others else None)
        return rename(stage, place)

    monkeypatch.setattr(Path, "rename", rename_after_another)
    folder.write(GRAPH, Writer())
    assert folder.outputs() == ("mask",) and others == [folder.path]
    assert [path.name for path in tmp_path.iterdir()] == ["key-encode"]


def test_folders_that_another_process_prunes_meanwhile_are_no_fault(tmp_path, monkeypatch):
    monkeypatch.setattr(graph_folder, "MOST_GRAPHS", 1)
    glob = Path.glob
    monkeypatch.setattr(Path, "glob", lambda path, pattern: [*glob(path, pattern), path / "gone-encode"])
    GraphFolder("key", "encode", tmp_path).write(GRAPH, Writer())
    assert (tmp_path / "key-encode" / "graph.bin").read_text() == "encode"
