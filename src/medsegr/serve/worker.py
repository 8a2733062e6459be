"""The process that holds the model: one job after another, told on standard input, answered on standard output.

``python -m medsegr.serve.worker`` reads one JSON object a line, first its setup, then jobs. What others print goes
nowhere, so that nothing of a patient reaches a log.
"""

import json
import os
import queue
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from medsegr.cognition.lexicon import Lexicon, load_lexicon
from medsegr.cognition.rule_parser import forget_reports
from medsegr.data.outputs import staged_folder
from medsegr.errors import InputError, MedsegrError
from medsegr.serve.asked_priors import check_count, check_modality, priors_of
from medsegr.serve.config import Limits
from medsegr.serve.picture_file import check_announced, check_pixels
from medsegr.serve.read_pictures import Picture, ReadPictures
from medsegr.serve.schemas import SegmentRequest
from medsegr.serve.shown_picture import write_view
from medsegr.serve.state_folder import PICTURE, REQUEST, RESULT

if TYPE_CHECKING:
    from medsegr.inference.auto import AutoPredictor
    from medsegr.inference.predictor import Predictor
    from medsegr.inference.result import Result

Told = Callable[..., None]
"""Sends one event."""


@dataclass(frozen=True)
class Setup:
    """What a worker is told first.

    Attributes:
        model: As ``medsegr.load`` takes it.
        device: As ``medsegr.load`` takes it.
        trunk_bytes: For the work on pictures that may come again, and once more for the pictures.
        threads: Of torch; 0 for its own choice.
        backend, precision: See :class:`medsegr.inference.backends.choice.Backend`.
        pixels, findings: See :class:`~medsegr.serve.config.Limits`.
        lexicons: Files with words of the user's own.
    """

    model: str
    device: str
    trunk_bytes: int
    threads: int
    pixels: int
    findings: int
    backend: str = "auto"
    precision: str = "f32"
    lexicons: Sequence[str] = ()


def main() -> None:
    """Load the model, then do jobs until standard input ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to all; the service says when to end
    told = lines()
    setup = Setup(**json.loads(next(told)))
    try:
        predictor = _loaded(setup)
        _tell(answers, "ready", models=_models(setup.model, predictor))
    except MedsegrError as error:
        _tell(answers, "refused", error=str(error))
        return
    pictures = ReadPictures(setup.trunk_bytes)
    for line in told:
        folder = Path(json.loads(line)["folder"])
        do = partial(segment_job, predictor, folder, setup, pictures=pictures)
        _do(predictor, folder, do, lambda event, **more: _tell(answers, event, **more))


def lines() -> Iterator[str]:
    """What comes on standard input. The process ends with it, whatever it does then: its service is gone."""
    came: queue.SimpleQueue[str] = queue.SimpleQueue()

    def listen() -> None:
        for line in sys.stdin:
            came.put(line)
        os._exit(0)

    threading.Thread(target=listen, name="standard-input", daemon=True).start()
    while True:
        yield came.get()


def segment_job(
    predictor: "Predictor | AutoPredictor",
    folder: Path,
    setup: Setup,
    told: Told = lambda *_, **__: None,
    pictures: ReadPictures | None = None,
) -> None:
    """One job from the files in its folder to its results there, all of them or none.

    Args:
        predictor: Who answers.
        folder: Of the job.
        setup: What the worker was told first.
        told: Hears how far it is.
        pictures: Where pictures that were read before are found.

    Raises:
        MedsegrError: The picture, the report or what is asked is of no use.
    """
    from medsegr.inference.request import read_together
    from medsegr.inference.user_prompt import UserPrompt

    limits, lexicon = Limits(pixels=setup.pixels, findings=setup.findings), _lexicon(*setup.lexicons)
    asked = SegmentRequest.model_validate_json((folder / REQUEST).read_bytes())
    told("progress", stage="reading", share=0.05)
    path = next(folder.glob(f"{PICTURE}.*"))
    check_announced(path, setup.pixels)
    picture = (pictures or ReadPictures(0)).read(path, check_modality(asked.modality, lexicon), asked.series)
    image = picture.image
    check_pixels(image.voxels[..., 0].size if image.is_colour else image.voxels.size, setup.pixels)
    text = asked.report or ""
    if asked.priors:
        report = priors_of(asked.priors, text, lexicon)
    else:
        _, report = read_together(image, text, lexicon, asked.modality)
    check_count(len(report) + len(asked.targets), limits)
    told("progress", stage="segmenting", share=0.2)
    result = predictor.segment(
        image,
        report,
        targets=asked.targets,
        modality=asked.modality,
        threshold=asked.threshold,
        support_threshold=asked.support_threshold,
        prompts={name: UserPrompt(**prompt.model_dump()) for name, prompt in asked.prompts.items()},
        untrained=asked.untrained,
        lexicon=lexicon,
    )
    told("progress", stage="writing", share=0.9)
    _write(folder, result, picture, asked, lexicon)


@lru_cache(maxsize=1)
def _lexicon(*files: str) -> Lexicon:
    """Read once, for all jobs."""
    return load_lexicon(files)


def _write(folder: Path, result: "Result", picture: Picture, asked: SegmentRequest, lexicon: Lexicon) -> None:
    from medsegr.inference.mask_files import Writing
    from medsegr.inference.writer import write_case

    name = picture.image.path.name if picture.image.path else PICTURE
    with staged_folder(folder / RESULT, overwrite=True) as stage:
        writing = Writing(masks=tuple(asked.masks), lexicon=lexicon)
        write_case(stage, result, case=folder.name, image=name, model=result.model, writing=writing)
        if asked.view:
            write_view(stage, result, picture)
        if asked.pictures:
            from medsegr.explain.figure import save_figures

            save_figures(stage, result, folder.name, False)


def _do(predictor: "Predictor | AutoPredictor", folder: Path, do: Callable[[Told], None], told: Told) -> None:
    before = _trunks(predictor)
    try:
        try:
            do(told)
        finally:
            forget_reports()
    except MedsegrError as error:
        code = "input" if isinstance(error, InputError) or "Config" in type(error).__name__ else "output"
        told("failed", code=code, error=str(error).replace(f"{folder}{os.sep}", ""))
    except MemoryError:
        told("failed", code="memory", error="The job needs more memory than there is. Send a smaller picture.")
    except Exception as error:  # whatever it says may hold what was sent
        frames = [f"{Path(at.filename).name}:{at.lineno} {at.name}" for at in traceback.extract_tb(error.__traceback__)]
        kind = type(error).__name__
        told("failed", code="internal", error=f"The service failed at this job ({kind}).", frames=[kind, *frames])
    else:
        told("done", **{origin: count - before[origin] for origin, count in _trunks(predictor).items()})


def _loaded(setup: Setup) -> "Predictor | AutoPredictor":
    import torch

    from medsegr.inference.predictor import load

    if setup.threads:
        torch.set_num_threads(setup.threads)
    return load(setup.model, setup.device, trunk_memory=setup.trunk_bytes,
                backend=setup.backend, precision=setup.precision)  # fmt: skip


def _models(name: str, predictor: "Predictor | AutoPredictor") -> list[dict[str, Any]]:
    """The model, and of ``auto`` those that it may take, with what they were trained to find."""
    from medsegr.inference.builtin import builtin_models, builtin_record, host_missing
    from medsegr.inference.predictor import Predictor

    if isinstance(predictor, Predictor):
        return [_model(Path(name).name, predictor.metadata)]
    taken = [one for one in builtin_models() if host_missing(one) is None]
    return [_model(name, {}), *(_model(one, builtin_record(one)["metadata"]) for one in taken)]


def _model(name: str, metadata: dict[str, Any]) -> dict[str, Any]:
    from medsegr.model.thresholds import SupportThresholds
    from medsegr.model.trained_targets import TrainedTargets

    trained = TrainedTargets.from_metadata(metadata).of_modality
    targets = {modality: sorted(names) for modality, names in trained.items()}
    needed = SupportThresholds.from_metadata(metadata).metadata() if metadata else {}
    return {"name": name, "trained_targets": targets, "weights_sha256": metadata.get("weights_sha256"), **needed}


def _trunks(predictor: "Predictor | AutoPredictor") -> dict[str, int]:
    from medsegr.inference.predictor import Predictor

    predictors = [predictor] if isinstance(predictor, Predictor) else list(predictor.taken.values())
    memories = [one.memory.trunks for one in predictors if one.memory is not None]
    return {"found": sum(m.found for m in memories), "computed": sum(m.computed for m in memories)}


def _tell(answers: TextIO, event: str, **more: Any) -> None:
    answers.write(json.dumps({"event": event, **more}) + "\n")
    answers.flush()


if __name__ == "__main__":
    main()
