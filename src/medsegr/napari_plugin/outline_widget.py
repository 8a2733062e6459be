"""The widget: a picture, its report, and the findings that are outlined in it."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from magicgui.widgets import ComboBox, Container, FileEdit, Label, LineEdit, PushButton, Table, TextEdit

from medsegr.cognition.lexicon import load_lexicon
from medsegr.data.image import load_image
from medsegr.errors import MedsegrError
from medsegr.inference.predictor import load
from medsegr.inference.result import Result
from medsegr.napari_plugin.layers import picture_layer, result_layers

if TYPE_CHECKING:
    from napari.layers import Layer
    from napari.viewer import Viewer

COLUMNS = ("finding", "presence", "support", "size mm", "without a mask because")
AS_IN_THE_FILE = "as the file says"


@dataclass(frozen=True)
class Question:
    """What the fields said when it was asked; they may be changed before the answer is there.

    Attributes:
        picture: Its file.
        report: Its text.
        targets: Names of further structures.
        modality: Of the picture; None for what the file says.
        model: Its name or folder.
    """

    picture: Path
    report: str
    targets: tuple[str, ...]
    modality: str | None
    model: str


class OutlineWidget(Container[Any]):
    """Asks for a picture and a report; shows masks as layers and findings as a table.

    A second report on the same picture replaces the masks of the first, and no other layer.
    """

    def __init__(self, napari_viewer: "Viewer") -> None:
        self._viewer = napari_viewer
        self._models: dict[str, Any] = {}
        self._shown: list[Layer] = []
        self._picture: tuple[Path, Layer] | None = None
        self.picture = FileEdit(label="picture", mode="r", tooltip="PNG, NIfTI, DICOM ...; a zip of a series")
        self.report = TextEdit(label="report")
        self.targets = LineEdit(label="also", tooltip="structures to outline by name, parted by commas")
        self.modality = ComboBox(label="kind", choices=[AS_IN_THE_FILE, *sorted(load_lexicon().modalities)])
        self.model = LineEdit(label="model", value="auto")
        self.run = PushButton(text="Outline")
        self.told = Label(value="")
        self.findings = Table(value={name: [] for name in COLUMNS})
        super().__init__(widgets=[self.picture, self.report, self.targets, self.modality, self.model, self.run,
                                  self.told, self.findings])  # fmt: skip
        self.run.clicked.connect(self._start)

    def question(self) -> Question:
        """What the fields say now."""
        modality = None if self.modality.value == AS_IN_THE_FILE else self.modality.value
        names = tuple(name.strip() for name in self.targets.value.split(",") if name.strip())
        return Question(Path(self.picture.value), self.report.value, names, modality, self.model.value)

    def ask(self, question: Question) -> Result:
        """Outline what a question says, without a look at the fields; the model is loaded once.

        Raises:
            MedsegrError: Something of it is of no use.
        """
        image = load_image(question.picture, question.modality)
        predictor = self._models.get(question.model) or load(question.model)
        self._models[question.model] = predictor
        return predictor.segment(image, question.report, targets=list(question.targets))

    def show_result(self, question: Question, result: Result) -> None:
        """Put the layers of a question's result in place of the last one's, and its findings into the table."""
        path = question.picture
        if self._picture is None or self._picture[0] != path or self._picture[1] not in self._viewer.layers:
            self._picture = (path, self._add(picture_layer(result.image, path.name)))
        for layer in self._shown:
            if layer in self._viewer.layers:
                self._viewer.layers.remove(layer)
        self._shown = [self._add(layer) for layer in result_layers(result)]
        rows = [
            (one.id, one.finding.presence, _rounded(one.support), _rounded(one.size_mm), one.reason or "")
            for one in result.findings
        ]
        self.findings.value = {name: [row[at] for row in rows] for at, name in enumerate(COLUMNS)}
        self.told.value = f"{len(self._shown)} of {len(rows)} findings are outlined, by {result.model}."

    def _add(self, layer: Any) -> "Layer":
        from napari.layers import Layer as AnyLayer

        return self._viewer.add_layer(AnyLayer.create(*layer))

    def _start(self) -> None:
        from napari.qt.threading import create_worker

        self.run.enabled, self.told.value = False, "Looking ..."
        question = self.question()
        create_worker(self.ask, question, _connect={"returned": partial(self.show_result, question),
                                                    "errored": self._failed, "finished": self._finished})  # fmt: skip

    def _failed(self, error: Exception) -> None:
        known = isinstance(error, MedsegrError)
        self.told.value = str(error) if known else f"medsegr itself failed ({type(error).__name__}). Please report it."

    def _finished(self) -> None:
        self.run.enabled = True


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
