"""The widget, with a model that outlines what is bright."""

import numpy as np
import pytest

pytest.importorskip("PyQt6.QtWidgets", reason='needs pip install "medsegr[napari]"', exc_type=ImportError)

from napari.components import ViewerModel
from PIL import Image
from PyQt6.QtWidgets import QApplication

from medsegr.errors import ImageError
from medsegr.inference.predictor import Predictor
from medsegr.napari_plugin import outline_widget
from tests.inference.bright_model import BrightModel
from tests.pacs.studies import drawn, picture
from tests.serve.running import until


@pytest.fixture
def widget(tmp_path, monkeypatch):
    application = QApplication.instance() or QApplication([])
    monkeypatch.setattr(outline_widget, "load", lambda name: Predictor(BrightModel(128), name))
    Image.fromarray(picture()).save(tmp_path / "scan.png")
    made = outline_widget.OutlineWidget(ViewerModel())
    made.picture.value, made.modality.value = tmp_path / "scan.png", "chest_xray"
    yield made
    made.close()
    application.processEvents()


def outline(widget) -> None:
    question = widget.question()
    widget.show_result(question, widget.ask(question))


def test_findings_become_layers_and_rows(widget):
    widget.report.value = "Nodule in the left upper lobe. Pleural effusion. No consolidation."
    outline(widget)
    layers = widget._viewer.layers
    assert [layer.name for layer in layers] == ["scan.png", "Nodule, left upper lobe", "Pleural effusion"]
    for layer, mask in zip(layers[1:], drawn(), strict=True):
        np.testing.assert_array_equal(layer.data > 0, mask)
    rows = [dict(zip(outline_widget.COLUMNS, row, strict=True)) for row in widget.findings.data]
    assert [row["presence"] for row in rows] == ["present", "present", "absent"]
    assert "absent by the report" in rows[2]["without a mask because"]
    assert widget.told.value.startswith("2 of 3 findings are outlined")


def test_a_second_report_replaces_masks_alone(widget):
    for report, names in (("Nodule.", ["Nodule"]), ("Pleural effusion.", ["Pleural effusion"])):
        widget.report.value = report
        outline(widget)
        assert [layer.name for layer in widget._viewer.layers] == ["scan.png", *names]


def test_what_is_wrong_is_told_in_words(widget, tmp_path):
    widget.picture.value = tmp_path / "none.png"
    with pytest.raises(ImageError) as failed:
        widget.ask(widget.question())
    widget._failed(failed.value)
    assert "does not exist" in widget.told.value
    widget._failed(RuntimeError("PLANTED"))
    assert "PLANTED" not in widget.told.value


def test_the_button_asks_in_a_thread_of_its_own(widget, tmp_path):
    widget.report.value = "Nodule."
    for path, told in ((tmp_path / "scan.png", "1 of 1 findings"), (tmp_path / "none.png", "does not exist")):
        widget.picture.value = path
        widget.run.clicked.emit(True)
        assert not widget.run.enabled and widget.told.value == "Looking ..."
        until(lambda: QApplication.processEvents() or widget.run.enabled)
        assert told in widget.told.value


def test_fields_that_change_meanwhile_do_not_change_what_was_asked(widget, tmp_path, monkeypatch):
    Image.fromarray(np.arange(2400, dtype=np.uint8).reshape(40, 60)).save(tmp_path / "other.png")
    read = outline_widget.load_image

    def slow(*given):
        until(lambda: widget.picture.value.name == "other.png")
        return read(*given)

    monkeypatch.setattr(outline_widget, "load_image", slow)
    widget.report.value = "Nodule."
    widget.run.clicked.emit(True)
    widget.picture.value, widget.report.value = tmp_path / "other.png", "Pleural effusion."
    until(lambda: QApplication.processEvents() or widget.run.enabled)
    shown, mask = widget._viewer.layers
    assert (shown.name, mask.name) == ("scan.png", "Nodule")
    assert shown.data.shape[:2] == mask.data.shape == picture().shape[:2]
    outline(widget)
    assert [layer.name for layer in widget._viewer.layers][:2] == ["scan.png", "other.png"]
    assert widget._viewer.layers["other.png"].data.shape[:2] == (40, 60)
