"""Jobs: sent, looked at, cancelled, and their results."""

import json
import zipfile
from typing import Annotated, Any

import anyio
from fastapi import APIRouter, Query, Request
from starlette.responses import FileResponse, JSONResponse, Response

from medsegr.data.outputs import atomic_write
from medsegr.serve.asked_priors import check_request
from medsegr.serve.jobs import ENDED, Job
from medsegr.serve.problems import status_of
from medsegr.serve.refused import RefusedError
from medsegr.serve.schemas import CaseAnswer, JobAnswer, SegmentRequest
from medsegr.serve.service import Service
from medsegr.serve.state_folder import JOB_ID, REQUEST
from medsegr.serve.upload import Form, receive_form

router = APIRouter(tags=["jobs"])

LONGEST_WAIT_S = 60.0
Wait = Annotated[float, Query(ge=0.0, le=LONGEST_WAIT_S, description="Seconds to wait for the job's end.")]
JSON_FIELDS = ("priors", "prompts")
LISTS = ("targets", "masks")
_TYPES = {".png": "image/png", ".json": "application/json", ".gz": "application/gzip", ".dcm": "application/dicom"}

_FORM = {
    "type": "object",
    "properties": {
        "image": {"type": "string", "format": "binary", "description": "Picture, volume or archive."},
        "keep": {"type": "boolean", "default": False,
                 "description": "The picture stays as long as the results, for further questions with 'again'."},
        "again": {"type": "string", "description": "In place of 'image': id of a job that has kept the same picture."},
        "report": {"type": "string", "description": "The report's text; deleted when the job has ended."},
        "priors": {"type": "string", "contentMediaType": "application/json",
                   "description": "In place of the parser: what POST /v1/parse answers, perhaps edited."},
        "prompts": {"type": "string", "contentMediaType": "application/json",
                    "description": "Clicks and boxes, by id or target: {ID: {points, labels, box, planes}}."},
        "targets": {"type": "array", "items": {"type": "string"}, "description": "Structures besides; repeatable."},
        "modality": {"type": "string"},
        "series": {"type": "string",
                   "description": "Of DICOM with several series: a number or UID, or 'largest'; else they are listed."},
        "threshold": {"type": "number", "default": 0.5},
        "support_threshold": {"type": "number"},
        "untrained": {"type": "string", "enum": ["refuse", "draw"]},
        "pictures": {"type": "boolean", "default": False, "description": "Also overlay.png and explanation.png."},
        "masks": {"type": "array", "items": {"type": "string", "enum": ["separate", "4d", "dicom"]},
                  "description": "Files that hold the masks; repeatable. By default one each, of DICOM a segmentation"},
        "view": {"type": "boolean", "default": False,
                 "description": "Keep with the results what the page shows, the picture's values included."},
    },
}  # fmt: skip


@router.post(
    "/v1/segment",
    status_code=202,
    response_model=JobAnswer,
    responses={200: {"model": JobAnswer, "description": "It has ended within the time to wait."}},
    openapi_extra={"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": _FORM}}}},
)
async def segment(request: Request, wait: Wait = 0.0) -> Response:
    """Outline every finding of a report in its picture. The answer is a job, with ``wait`` perhaps a finished one.

    With ``keep`` further jobs on the same picture send its job's id (``again``) and no picture: other priors, a click.
    """
    service, owner = asking(request)
    job = admitted(service, owner)
    try:
        folder = service.folder.make(job.id)
        form = await receive_form(request, service.limits, folder)
        asked = check_request(_asked(form), service.lexicon, service.limits)
        if asked.again is not None and not service.folder.lend(_own(service, asked.again, owner).id, job.id):
            told = "The job has kept no picture, or its time is over. Send 'image', with 'keep'."
            raise RefusedError(409, "picture_gone", told)
        if asked.keep:
            service.keep_picture(job.id, owner)
        (folder / REQUEST).write_text(asked.model_dump_json(), encoding="utf-8")
    except BaseException:
        service.drop(job.id)
        raise
    service.store.enqueue(job.id)
    await service.settled(job.id, wait)
    return _answered(service, job.id, owner, accepted=True)


@router.get("/v1/jobs/{id}", response_model=JobAnswer)
async def job(request: Request, id: str, wait: Wait = 0.0) -> Response:
    """Where a job stands."""
    service, owner = asking(request)
    _own(service, id, owner)
    await service.settled(id, wait)
    return _answered(service, id, owner)


@router.post("/v1/jobs/{id}/cancel", response_model=JobAnswer)
async def cancel(request: Request, id: str) -> Response:
    """Stop a job that waits or runs; nothing of it is kept. One that has ended stays as it is."""
    service, owner = asking(request)
    service.cancel(_own(service, id, owner))
    return _answered(service, id, owner)


@router.delete("/v1/jobs/{id}", status_code=204)
async def delete(request: Request, id: str) -> Response:
    """Stop a job, and delete all that it has."""
    service, owner = asking(request)
    found = _own(service, id, owner)
    service.cancel(found)
    service.drop(id)
    return Response(status_code=204)


@router.get("/v1/jobs/{id}/findings", response_model=CaseAnswer)
async def findings(request: Request, id: str) -> Response:
    """Its findings.json."""
    service, found = done_job(request, id)
    return JSONResponse(service.findings(found))


@router.get("/v1/jobs/{id}/files/{name}", response_class=FileResponse)
async def file(request: Request, id: str, name: str) -> FileResponse:
    """One file of its results: a mask, findings.json, a picture."""
    service, job = done_job(request, id)
    found = next((path for path in service.files(job) if path.name == name), None)
    if found is None:
        raise RefusedError(404, "not_found", "The job has no file of that name; its answer lists those that it has.")
    return FileResponse(found, media_type=_TYPES.get(found.suffix, "application/octet-stream"), filename=found.name)


@router.get("/v1/jobs/{id}/result.zip", response_class=FileResponse)
async def archive(request: Request, id: str) -> FileResponse:
    """All files of its results."""
    service, found = done_job(request, id)
    path = service.folder.job(id) / "result.zip"

    def pack() -> None:
        with atomic_write(path) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as packed:
            for entry in service.files(found):
                packed.write(entry, entry.name)

    if not path.exists():
        await anyio.to_thread.run_sync(pack)
    return FileResponse(path, media_type="application/zip", filename="result.zip")


def done_job(request: Request, id: str) -> tuple[Service, Job]:
    """The service, and a job of whoever asks that is done.

    Raises:
        RefusedError: There is none, or it is not done.
    """
    service, owner = asking(request)
    found = _own(service, id, owner)
    if found.state == "failed":
        raise RefusedError(status_of(found), found.code or "failed", found.error or "The job failed.")
    if found.state != "done":
        raise RefusedError(409, "not_done", f"The job is {found.state}; results come when it is done.")
    return service, found


def asking(request: Request) -> tuple[Service, str]:
    """The service, and who asks it."""
    return request.app.state.service, request.scope["owner"]


def _asked(form: Form) -> SegmentRequest:
    """The fields of a form."""
    if (form.picture is None) != ("again" in form.fields):
        raise RefusedError(422, "image", "The form has no file 'image', or has it and 'again'; send one of them.")
    fields: dict[str, Any] = {}
    for name, values in form.fields.items():
        if name not in LISTS and len(values) > 1:
            raise RefusedError(422, "request", "A field stands twice in the form; only 'targets' and 'masks' may.")
        fields[name] = values if name in LISTS else values[0]
        if name in JSON_FIELDS:
            try:
                fields[name] = json.loads(values[0])
            except (ValueError, RecursionError):
                raise RefusedError(422, "request", f"The field '{name}' is not JSON.") from None
    return SegmentRequest.model_validate(fields)


def _own(service: Service, id: str, owner: str) -> Job:
    """A job of whoever asks; another's is as good as none."""
    found = service.store.get(id, owner) if JOB_ID.fullmatch(id) else None
    if found is None:
        raise RefusedError(404, "not_found", "There is no such job, or it is not yours, or its time is over.")
    return found


def _answered(service: Service, id: str, owner: str, *, accepted: bool = False) -> Response:
    """A job as an answer; to the request that sent it, an error where it failed already."""
    found = _own(service, id, owner)
    state = "queued" if found.state == "receiving" else found.state
    told: dict[str, Any] = {"id": id, "state": state, "stage": found.stage, "progress": found.share,
                            "created": found.created, "ended": found.ended}  # fmt: skip
    status = 202 if accepted and found.state not in ENDED else 200
    if found.state == "done":
        told |= {"files": [path.name for path in service.files(found)], "result": service.findings(found)}
    if found.state == "failed":
        told["problem"] = {"code": found.code, "detail": found.error}
        status = status_of(found) if accepted else 200
        told |= told["problem"] if accepted else {}
    return JSONResponse(told, status, {"Location": f"/v1/jobs/{id}"} if accepted else None)


def admitted(service: Service, owner: str) -> Job:
    """A new job of this owner, whose outdated ones are forgotten first.

    Raises:
        RefusedError: All jobs are too many, or this owner's.
    """
    service.expire(owner)
    job = service.store.admit(owner, service.limits.queued, service.limits.per_token)
    if isinstance(job, Job):
        return job
    pause = min(1 + service.store.count("queued") // (4 * service.config.workers), 30)
    if job == "owner":
        told = f"You have {service.limits.per_token} jobs that have not ended; wait for one."
        raise RefusedError(429, "busy", told, pause)
    raise RefusedError(503, "busy", "The queue is full. Try again later.", pause)
