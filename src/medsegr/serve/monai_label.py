"""The part of MONAI Label's REST contract that its clients for 3D Slicer and OHIF use for inference.

A client asks ``/info``, sends a picture ahead (``/session``, ``/datastore``) or names one (a series of the PACS),
and posts to ``/infer/{model}``. The report stands among the options that it shows for a model.

Source: MONAI Label 0.8, ``endpoints/infer.py`` and ``session.py``; its ``client/client.py``; its OHIF extension's
``MonaiLabelClient.js``. Unlike there, a result without a mask is an error in words, and labels that get lost where
masks meet are counted.
"""

import json
import secrets
from pathlib import Path
from typing import Any, Literal

import anyio
from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from medsegr._version import __version__
from medsegr.serve.asked_priors import check_request
from medsegr.serve.job_routes import admitted, asking
from medsegr.serve.jobs import ENDED, Job
from medsegr.serve.label_file import LabelFile, Wish, write_label_file
from medsegr.serve.problems import status_of
from medsegr.serve.refused import RefusedError
from medsegr.serve.schemas import SegmentRequest
from medsegr.serve.series_from_pacs import fetch_series
from medsegr.serve.service import Service
from medsegr.serve.upload import Form, receive_form
from medsegr.serve.worker import REQUEST, RESULT

router = APIRouter(tags=["MONAI Label"])

Output = Literal["image", "json", "all", "dicom_seg"]
OPTIONS = ("report", "targets", "modality", "threshold", "support_threshold", "untrained")
"""Parameters of a request that are ours; clients send many that are not."""

LONGEST_NAME = 200
LATE_S = 5.0
"""That a job which ran out of time may take to be ended."""


@router.get("/info/")
@router.get("/info", include_in_schema=False)
async def info(request: Request) -> dict[str, Any]:
    """The model, its labels, and the options that a client shows."""
    service, _ = asking(request)
    name, labels = _model(service), _labels(service)
    options = {"report": "", "targets": "", "modality": ["", *sorted(service.lexicon.modalities)], "threshold": 0.5}
    model = {
        "type": "segmentation",
        "labels": labels,
        "dimension": 3,
        "description": "Masks for the findings of a report; write it into the option 'report'.",
        "support_thresholds": _needed(service),
        "config": options,
    }
    about = {"name": "medsegr", "version": __version__, "description": "Segmentation guided by the report."}
    nothing: dict[str, Any] = {part: {} for part in ("trainers", "strategies", "scoring", "train_stats", "datastore")}
    return {**about, "labels": labels, "models": {name: model}, **nothing}


@router.put("/session/")
@router.put("/session", include_in_schema=False)
async def create_session(request: Request) -> dict[str, Any]:
    """Send a picture ahead: the form's file ``files``."""
    id = secrets.token_hex(16)
    await _hold(request, id, "files")
    return {"session_id": id, "session_info": {}}


@router.get("/session/{id}")
async def session(request: Request, id: str) -> dict[str, Any]:
    """Whether a picture that was sent ahead is still held."""
    service, owner = asking(request)
    if not service.pictures.has(owner, id):
        raise _unknown()
    return {"session_id": id}


@router.delete("/session/{id}")
async def remove_session(request: Request, id: str) -> dict[str, Any]:
    """Forget it."""
    service, owner = asking(request)
    if not service.pictures.drop(owner, id):
        raise _unknown()
    return {}


@router.put("/datastore/")
@router.put("/datastore", include_in_schema=False)
async def upload(request: Request, image: str) -> dict[str, Any]:
    """Send a picture ahead under a name: the form's file ``file``."""
    if not 1 <= len(image) <= LONGEST_NAME:
        raise RefusedError(422, "request", f"'image' has 1 to {LONGEST_NAME} letters.")
    await _hold(request, image, "file")
    return {"image": image}


@router.post("/infer/{model}", response_class=Response)
async def infer(
    request: Request, model: str, image: str = "", session_id: str = "", output: Output | None = None
) -> Response:
    """Outline what the options' report says; answer the masks as one file, with their names."""
    service, owner = asking(request)
    if model != _model(service):
        raise RefusedError(404, "model", f"The model that answers here is '{_model(service)}'.")
    job = admitted(service, owner)
    try:
        folder = service.folder.make(job.id)
        form = await receive_form(request, service.limits, folder, "file")
        params = _params(form)
        report = await _picture(service, owner, form, [session_id, image], folder)
        asked = _asked(params, report, "dicom" if output == "dicom_seg" else "4d")
        asked = check_request(asked, service.lexicon, service.limits)
        (folder / REQUEST).write_text(asked.model_dump_json(), encoding="utf-8")
        service.store.enqueue(job.id)
        await _ended(service, job.id)
        return await _answer(service, _done(service, job.id), params, output)
    finally:
        found = service.store.get(job.id)
        if found is not None:
            service.cancel(found)
        service.drop(job.id)


def _model(service: Service) -> str:
    return str(service.models[0]["name"]) if service.models else Path(service.config.model).name


def _labels(service: Service) -> list[str]:
    """What the models were trained to find; label i + 1 stands at place i."""
    trained = (names for one in service.models for names in one["trained_targets"].values())
    return sorted({name for names in trained for name in names})


def _needed(service: Service) -> dict[str, dict[str, float]]:
    """By each model the support below which a finding has no mask: of kinds of pictures, and "" of all others."""
    told = {one["name"]: one for one in service.models if one.get("support_threshold") is not None}
    return {name: {"": one["support_threshold"], **one.get("support_thresholds", {})} for name, one in told.items()}


async def _hold(request: Request, name: str, field: str) -> None:
    service, owner = asking(request)
    service.expire(owner)
    place = service.pictures.place()
    try:
        form = await receive_form(request, service.limits, place, field)
        if form.picture is None:
            raise RefusedError(422, "image", f"The form has no file '{field}'.")
    except BaseException:
        service.pictures.discard(place)
        raise
    service.pictures.put(owner, name, form.picture)


def _unknown() -> RefusedError:
    return RefusedError(404, "image", "No picture of that name is held here, or its time is over. Send it again.")


async def _picture(service: Service, owner: str, form: Form, names: list[str], folder: Path) -> str | None:
    """See that the job has its picture: sent along, sent ahead, or a series of the PACS; with that, its report."""
    if form.picture is not None:
        return None
    for name in filter(None, names):
        if service.pictures.lend(owner, name, folder):
            return None
    if service.config.pacs is None or not names[-1]:
        raise _unknown()
    return await anyio.to_thread.run_sync(fetch_series, service.config.pacs, names[-1], folder)


def _params(form: Form) -> dict[str, Any]:
    try:
        params = json.loads((form.fields.get("params") or ["{}"])[0])
    except (ValueError, RecursionError):
        raise RefusedError(422, "request", "The field 'params' is not JSON.") from None
    if not isinstance(params, dict):
        raise RefusedError(422, "request", "The field 'params' is no JSON object.")
    return params


def _asked(params: dict[str, Any], report: str | None, masks: str) -> SegmentRequest:
    """What is asked for; options that are left empty are not stated."""
    told = {name: params[name] for name in OPTIONS if params.get(name) not in (None, "", [])}
    if isinstance(told.get("targets"), str):
        told["targets"] = [name.strip() for name in told["targets"].split(",") if name.strip()]
    if report is not None:
        told.setdefault("report", report)
    return SegmentRequest.model_validate({**told, "masks": [masks]})


async def _ended(service: Service, id: str) -> None:
    """Wait for a job's end; the service ends what runs too long."""
    while (job := service.store.get(id)) is not None and job.state not in ENDED:
        await service.settled(id, service.limits.job_seconds + LATE_S)


def _done(service: Service, id: str) -> Job:
    job = service.store.get(id)
    if job is None or job.state == "cancelled":
        raise RefusedError(409, "cancelled", "The job was cancelled.")
    if job.state == "failed":
        raise RefusedError(status_of(job), job.code or "failed", job.error or "The job failed.")
    return job


async def _answer(service: Service, job: Job, params: dict[str, Any], output: Output | None) -> Response:
    record, result = service.findings(job), service.folder.job(job.id) / RESULT
    told: dict[str, Any] = {"model": record["model"], "findings": record["findings"], "warnings": record["warnings"]}
    if output == "json":
        return JSONResponse({**told, "label_names": {}})
    if output == "dicom_seg":
        made = result / str(record["files"].get("segmentation") or "")
        if not made.is_file():
            raise _nothing(record)
        return Response(made.read_bytes(), media_type="application/dicom")
    wish = _wish(service, params, output)
    file = await anyio.to_thread.run_sync(write_label_file, result, record["findings"], wish)
    if file is None:
        raise _nothing(record)
    if output == "image":
        return Response(file.path.read_bytes(), media_type="application/octet-stream")
    return _form({**told, "label_names": file.names, "crowded": file.crowded}, file)


def _wish(service: Service, params: dict[str, Any], output: Output | None) -> Wish:
    """The file that is wished for. ``image`` comes without names, so values are those of ``/info``'s labels."""
    values = {name: place for place, name in enumerate(_labels(service), 1)} if output == "image" else None
    kind = params.get("result_extension") or ".nii.gz"
    return Wish(kind if isinstance(kind, str) else "?", params.get("result_compress") is not False, values)


def _nothing(record: dict[str, Any]) -> RefusedError:
    why = [f"{one['id']}: {one['reason'] or 'no mask'}" for one in record["findings"]]
    return RefusedError(
        422, "empty", "No finding has a mask. " + ("; ".join(why) or "The report names none that is read.")
    )


def _form(params: dict[str, Any], file: LabelFile) -> Response:
    """The answer's form: ``params``, and the file ``image``."""
    boundary = secrets.token_hex(16)
    head = 'Content-Disposition: form-data; name="{}"{}\r\nContent-Type: {}\r\n\r\n'
    parts = [
        head.format("params", "", "application/json").encode() + json.dumps(params).encode(),
        head.format("image", f'; filename="{file.path.name}"', "application/octet-stream").encode()
        + file.path.read_bytes(),
    ]
    body = b"".join(b"--%s\r\n%s\r\n" % (boundary.encode(), part) for part in parts) + f"--{boundary}--\r\n".encode()
    return Response(body, media_type=f"multipart/form-data; boundary={boundary}")
