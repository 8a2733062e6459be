"""Sources of a checkout, or of a revision."""

import pytest
from benchmarks.source_trees import ROOT, source_tree


def test_what_is_no_tree_is_refused() -> None:
    with source_tree(str(ROOT)) as tree:
        assert tree == ROOT
    with (
        pytest.raises(SystemExit, match="neither a folder with src/medsegr nor a git revision"),
        source_tree("no such"),
    ):
        pass
