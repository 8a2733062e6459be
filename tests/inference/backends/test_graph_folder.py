"""Graphs are exported anew when code that decides what they compute has changed."""

import ast
from pathlib import Path

import medsegr
from medsegr.inference.backends import graphs
from medsegr.inference.backends.graph_folder import OWN_CODE

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
