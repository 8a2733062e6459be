"""The page of results says what the results files say, and the benchmarks run."""

from benchmarks import phantoms, results_page
from medsegr.data.dataset_folder import DatasetFolder
from medsegr.data.phantoms.writer import write_phantoms
from medsegr.inference.predictor import Predictor
from medsegr.model.adapter import AdapterConfig
from medsegr.model.attach import attach
from tests.hosts import open_gates
from tests.random_hosts import random_tiny


def test_the_page_of_results_is_up_to_date() -> None:
    assert results_page.PAGE.read_text(encoding="utf-8") == results_page.page()


def test_tables() -> None:
    assert (
        results_page.table(("a", "b"), [(0.12345, None), ("x", 3)])
        == "| a | b |\n| --- | --- |\n| 0.123 | - |\n| x | 3 |"
    )


def test_the_phantom_benchmark_measures_what_its_page_shows(tmp_path) -> None:
    root = write_phantoms(tmp_path / "p", 24, 2, size=64, split="test")
    folders = [DatasetFolder(folder) for folder in sorted(root.iterdir())]
    model = open_gates(attach(random_tiny(), AdapterConfig(token_dim=16, heads=2, bottleneck=8)))
    found = phantoms.measure(Predictor(model), folders, seed=0)
    assert 0 < found["name_alone_can_reach"] < 1
    assert found["denied"]["empty"] == found["denied"]["findings"] > 0
    assert {a["suite"] for a in found["aspects"].values()} == {"place", "texture", "form"}
    assert all(a["findings"] >= 3 for a in found["aspects"].values())
    sizes = write_phantoms(tmp_path / "sizes", 6, 2, size=64, split="test", suite="size")
    found["size_alone"] = phantoms.size_alone(Predictor(model), [DatasetFolder(f) for f in sorted(sizes.iterdir())], 0)
    assert found["size_alone"]["findings"] >= 6
    assert 0 < found["size_alone"]["name_alone_can_reach"] < 1
    page = results_page.phantoms({"cases": 24, **found})
    assert "differ in size alone" in page
    assert "another case's report" in page and "Denied findings left empty" in page
