"""Folders of results as layers, in a viewer without a window."""

from pathlib import Path

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Layer
from npe2 import PluginManifest

import medsegr.napari_plugin
from medsegr.errors import ImageError
from medsegr.inference.mask_files import Writing
from medsegr.inference.writer import write_case
from medsegr.napari_plugin.layers import picture_layer, result_layers
from medsegr.napari_plugin.results_reader import get_reader
from tests.inference.dicom.results import LABEL, overlapping, series
from tests.shared_data import ROOT

MANIFEST = Path(medsegr.napari_plugin.__file__).with_name("napari.yaml")


def viewer_of(layers: list) -> ViewerModel:
    made = ViewerModel()
    for layer in layers:
        made.add_layer(Layer.create(*layer))
    return made


@pytest.mark.parametrize("masks", ["separate", "4d"])
def test_overlapping_masks_are_layers_of_their_own_in_place(tmp_path, masks):
    result = overlapping(series(tmp_path / "in", "sagittal"))
    (tmp_path / "out").mkdir()
    write_case(tmp_path / "out", result, **LABEL, writing=Writing((masks,)))
    for given in (tmp_path / "out", tmp_path / "out" / "findings.json"):
        shown = viewer_of([picture_layer(result.image, "scan"), *get_reader(str(given))(str(given))])
        picture, nodule, effusion = shown.layers
        assert [layer.name for layer in shown.layers] == ["scan", "nodule-left", "pleural_effusion"]
        for layer, found in ((nodule, result.findings[0]), (effusion, result.findings[2])):
            np.testing.assert_array_equal(layer.data > 0, found.mask)
            np.testing.assert_allclose(layer.extent.world, picture.extent.world)
            assert layer.metadata["id"] == found.id
        assert ((nodule.data > 0) & (effusion.data > 0)).any()
        assert not np.allclose(nodule.get_color(1), effusion.get_color(1))
        assert nodule.get_color(0) is None or nodule.get_color(0)[3] == 0, "what is no finding hides nothing"


def test_masks_of_a_picture_are_read_from_png(tmp_path):
    result = overlapping(series(tmp_path / "in", "radiograph"))
    (tmp_path / "out").mkdir()
    result = type(result)(result.findings, type(result.image)(result.image.voxels, result.image.geometry), "chest_xray")
    write_case(tmp_path / "out", result, **LABEL)
    layers = get_reader(str(tmp_path / "out"))(str(tmp_path / "out"))
    np.testing.assert_array_equal(layers[0][0] > 0, result.findings[0].mask)


def test_masks_in_dicom_are_told_and_other_folders_are_left_to_others(tmp_path):
    result = overlapping(series(tmp_path / "in", "axial"))
    (tmp_path / "out").mkdir()
    write_case(tmp_path / "out", result, **LABEL)
    with pytest.raises(ImageError, match="which tells its place by the images"):
        get_reader(str(tmp_path / "out"))(str(tmp_path / "out"))
    assert get_reader(str(tmp_path / "in")) is None
    assert [layer[1]["name"] for layer in result_layers(result)] == ["Nodule, left upper lobe", "Pleural effusion"]


def test_the_manifest_names_what_is_there():
    manifest = PluginManifest.from_file(MANIFEST)
    manifest.validate_imports()
    assert manifest.name == "medsegr" and len(manifest.contributions.readers) == 1
    assert 'medsegr = "medsegr.napari_plugin:napari.yaml"' in (ROOT / "pyproject.toml").read_text()
