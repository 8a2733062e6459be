"""The addresses of the service."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import anyio
from fastapi import APIRouter, FastAPI, Request
from starlette.responses import HTMLResponse, Response

from medsegr import __version__
from medsegr.cognition.parser import parse_report
from medsegr.cognition.rule_parser import forget_reports
from medsegr.serve.access import Access
from medsegr.serve.asked_priors import check_count, check_modality, check_report, words_of
from medsegr.serve.gate import Gate
from medsegr.serve.job_routes import router as job_router
from medsegr.serve.monai_label import router as monai_label_router
from medsegr.serve.openapi_page import page
from medsegr.serve.page import router as page_router
from medsegr.serve.problems import add_handlers
from medsegr.serve.schemas import HealthAnswer, ModelsAnswer, ParseAnswer, ParseRequest, Problem
from medsegr.serve.service import Service
from medsegr.serve.upload import MAX_FIELD_BYTES, counted
from medsegr.serve.view_routes import router as view_router

SWEEP_S = 10.0
"""How often results whose time is over are looked for."""

READERS = 2
"""Reports that ``/v1/parse`` reads at once."""

router = APIRouter()
PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem} for status in (400, 401, 403, 404, 408, 409, 413, 415, 421, 422, 429, 500, 503)
}


def build_app(service: Service, port: int) -> Any:
    """The application, ASGI, with its gate, for a service that has been started; it is stopped with it."""
    app = FastAPI(
        title="medsegr",
        description="Masks for the findings of a report. Research software: no medical device.",
        version=__version__,
        lifespan=_life,
        docs_url=None,
        redoc_url=None,
        responses=PROBLEMS,
    )
    app.state.service = service
    app.state.readers = None
    app.include_router(router)
    app.include_router(job_router)
    app.include_router(view_router)
    app.include_router(page_router)
    app.include_router(monai_label_router)
    add_handlers(app)
    return Gate(app, Access(service.config, port), service.metrics)


@asynccontextmanager
async def _life(app: FastAPI) -> AsyncIterator[None]:
    service: Service = app.state.service
    app.state.readers = anyio.CapacityLimiter(READERS)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_sweep, service)
        yield
        tasks.cancel_scope.cancel()
    await anyio.to_thread.run_sync(service.stop)


async def _sweep(service: Service) -> None:
    while True:
        await anyio.to_thread.run_sync(service.expire)
        await anyio.sleep(SWEEP_S)


@router.get("/v1/health", tags=["service"])
@router.get("/health", include_in_schema=False)
async def health(request: Request) -> HealthAnswer:
    """Whether a worker has its model. Needs no token."""
    ready = request.app.state.service.ready
    return HealthAnswer(status="ok" if ready else "starting", version=__version__)


@router.get("/v1/models", tags=["service"])
async def models(request: Request) -> ModelsAnswer:
    """Which models answer here, and what they were trained to find."""
    return ModelsAnswer.model_validate({"models": request.app.state.service.models})


@router.get("/metrics", tags=["service"], response_class=Response)
async def metrics(request: Request) -> Response:
    """Counts and times in Prometheus' text format."""
    return Response(request.app.state.service.count(), media_type="text/plain; version=0.0.4; charset=utf-8")


@router.get("/docs", include_in_schema=False)
async def docs(request: Request) -> HTMLResponse:
    """This page, made here: it asks no other machine for scripts."""
    return HTMLResponse(page(request.app.openapi()))


@router.post(
    "/v1/parse",
    tags=["reports"],
    openapi_extra={
        "requestBody": {"required": True, "content": {"application/json": {"schema": ParseRequest.model_json_schema()}}}
    },
)
async def parse(request: Request) -> ParseAnswer:
    """Read a report: findings with offsets into the text that was sent, which is not kept."""
    service: Service = request.app.state.service
    body = b"".join([chunk async for chunk in counted(request, service.limits, MAX_FIELD_BYTES)])
    asked = ParseRequest.model_validate_json(body)
    check_report(asked.report, service.limits)
    check_modality(asked.modality, service.lexicon)
    read = partial(parse_report, asked.report, asked.modality, lexicon=service.lexicon)
    try:
        priors = await anyio.to_thread.run_sync(read, limiter=request.app.state.readers)
    finally:
        forget_reports()
    check_count(len(priors), service.limits)
    told = {**priors.to_dict(), "warnings": list(priors.warnings), "words": words_of(priors)}
    return ParseAnswer.model_validate(told)
