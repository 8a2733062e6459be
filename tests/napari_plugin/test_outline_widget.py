"""The widget, with a model that outlines what is bright."""

import numpy as np
import pytest

pytest.importorskip("PyQt6.QtWidgets", reason='needs pip install "medsegr[napari]"', exc_type=ImportError)

from magicgui.application import use_app
from napari.components import ViewerModel
from PIL import Image

from medsegr.errors import ImageError
from medsegr.inference.predictor import Predictor
from medsegr.napari_plugin import outline_widget
from tests.inference.bright_model import BrightModel
from tests.pacs.studies import drawn, picture


@pytest.fixture
def widget(tmp_path, monkeypatch):
    use_app("qt").get_native()
    monkeypatch.setattr(outline_widget, "load", lambda name: Predictor(BrightModel(128), name))
    Image.fromarray(picture()).save(tmp_path / "scan.png")
    made = outline_widget.OutlineWidget(ViewerModel())
    made.picture.value, made.modality.value = tmp_path / "scan.png", "chest_xray"
    yield made
    made.close()


def test_findings_become_layers_and_rows(widget):
    widget.report.value = "Nodule in the left upper lobe. Pleural effusion. No consolidation."
    widget.show_result(widget.ask())
    layers = widget._viewer.layers
    assert [layer.name for layer in layers] == ["scan.png", "Nodule, left upper lobe", "Pleural effusion"]
    for layer, mask in zip(layers[1:], drawn(), strict=True):
        np.testing.assert_array_equal(layer.data > 0, mask)
    table = widget.findings.to_dataframe() if hasattr(widget.findings, "to_dataframe") else None
    assert table is not None and list(table["presence"]) == ["present", "present", "absent"]
    assert "absent by the report" in table["without a mask because"][2]
    assert widget.told.value.startswith("2 of 3 findings are outlined")


def test_a_second_report_replaces_masks_alone(widget):
    for report, names in (("Nodule.", ["Nodule"]), ("Pleural effusion.", ["Pleural effusion"])):
        widget.report.value = report
        widget.show_result(widget.ask())
        assert [layer.name for layer in widget._viewer.layers] == ["scan.png", *names]


def test_what_is_wrong_is_told_in_words(widget, tmp_path):
    widget.picture.value = tmp_path / "none.png"
    with pytest.raises(ImageError) as failed:
        widget.ask()
    widget._failed(failed.value)
    assert "does not exist" in widget.told.value
    widget._failed(RuntimeError("PLANTED"))
    assert "PLANTED" not in widget.told.value
