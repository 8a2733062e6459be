"""Which findings of a data set's reports a model's card makes it refuse."""

from benchmarks.refusals import refusals, totals

from medsegr.data.dataset_folder import DatasetFolder
from medsegr.model.trained_targets import TrainedTargets
from tests.training.small_dataset import make_dataset

NODULE = ("chest_xray", "nodule")


def count(folder, pairs, *, told):
    return refusals(TrainedTargets().with_pairs(pairs), folder, "val", told=told)


def test_foreign_findings_are_those_that_the_card_lacks(tmp_path):
    folder = DatasetFolder(make_dataset(tmp_path / "films"))
    for told in (True, False):
        own = {"foreign": 0, "foreign_refused": 0, "own": 2, "own_refused": 0}
        assert count(folder, [NODULE], told=told) == own
        foreign = {"foreign": 2, "foreign_refused": 2, "own": 0, "own_refused": 0}
        assert count(folder, [("chest_xray", "left_lung")], told=told) == foreign


def test_without_the_modality_a_name_from_elsewhere_is_not_refused(tmp_path):
    folder = DatasetFolder(make_dataset(tmp_path / "films"))
    assert count(folder, [("chest_ct", "nodule")], told=True)["foreign_refused"] == 2
    assert count(folder, [("chest_ct", "nodule")], told=False)["foreign_refused"] == 0


def test_shares_are_over_all_sets():
    rows = [
        {"foreign": 3, "foreign_refused": 3, "own": 0, "own_refused": 0},
        {"foreign": 1, "foreign_refused": 0, "own": 0, "own_refused": 0},
    ]
    found = totals(rows)
    assert found["foreign_share"] == 0.75 and found["own_share"] is None
