"""What the page shows of a finished job that was sent with ``view``."""

from typing import Any

import anyio
from fastapi import APIRouter, Request
from starlette.responses import Response

from medsegr.serve.job_routes import done_job
from medsegr.serve.refused import RefusedError
from medsegr.serve.schemas import ViewAnswer
from medsegr.serve.shown_picture import read_map, read_plane, read_view
from medsegr.serve.state_folder import RESULT

router = APIRouter(tags=["view"])

BYTES: dict[int | str, dict[str, Any]] = {200: {"content": {"application/octet-stream": {}}}}


@router.get("/v1/jobs/{id}/view", response_model=ViewAnswer)
async def view(request: Request, id: str) -> Any:
    """Size, type and window of the picture as it was read, and where its findings are."""
    return await _found(request, id, read_view)


@router.get("/v1/jobs/{id}/view/planes/{plane}", response_class=Response, responses=BYTES)
async def plane(request: Request, id: str, plane: int) -> Response:
    """Values of a plane, row by row, little-endian, in the file's own units; of colours, red, green and blue."""
    return _bytes(await _found(request, id, read_plane, "planes", plane))


@router.get("/v1/jobs/{id}/view/masks/{plane}", response_class=Response, responses=BYTES)
async def masks(request: Request, id: str, plane: int) -> Response:
    """Masks of all findings in a plane, one after another, a bit a pixel, the first bit the highest."""
    return _bytes(await _found(request, id, read_plane, "masks", plane))


@router.get("/v1/jobs/{id}/view/maps/{number}", response_class=Response, responses=BYTES)
async def location_map(request: Request, id: str, number: int) -> Response:
    """Where the model looked for a finding in its key plane, 0 to 255; ``X-Height`` and ``X-Width`` tell the size."""
    (height, width), content = await _found(request, id, read_map, number)
    return _bytes(content, {"X-Height": str(height), "X-Width": str(width)})


async def _found(request: Request, id: str, read: Any, *asked: Any) -> Any:
    service, job = done_job(request, id)
    found = await anyio.to_thread.run_sync(read, service.folder.job(job.id) / RESULT, *asked)
    if found is None:
        raise RefusedError(
            404, "not_found", "The job shows nothing like that. Send it with 'view', and see its 'view'."
        )
    return found


def _bytes(content: bytes, headers: dict[str, str] | None = None) -> Response:
    return Response(content, media_type="application/octet-stream", headers=headers)
