"""The page for people: static files of the package, which hold nothing of anybody and ask no other machine."""

from importlib import resources

from fastapi import APIRouter, Request
from starlette.responses import Response

from medsegr.explain.palette import ASPECT_COLOURS, ASPECT_NAMES
from medsegr.inference.shown_as import FINDING_COLOURS
from medsegr.serve.refused import RefusedError
from medsegr.serve.schemas import LexiconAnswer

router = APIRouter()

TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}

STATIC = resources.files("medsegr.serve").joinpath("static")

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
)
"""Scripts and styles of this service alone, none within the page; nothing is fetched from elsewhere."""


@router.get("/", include_in_schema=False)
async def index() -> Response:
    """The page. Needs no token; what it asks for does."""
    return _file("index.html")


@router.get("/page/{name}", include_in_schema=False)
async def part(name: str) -> Response:
    """A script or a style of the page."""
    return _file(name)


@router.get("/v1/lexicon", tags=["reports"])
async def lexicon(request: Request) -> LexiconAnswer:
    """The names that priors may hold, and the colours by which findings and words are shown."""
    known = request.app.state.service.lexicon
    return LexiconAnswer.model_validate(
        {
            "targets": sorted(known.targets),
            "zones": [{"name": one.name, "frame": one.frame, "region": one.region} for one in known.zones.values()],
            "textures": [{"name": one.name, "group": one.group} for one in known.textures.values()],
            "shapes": [{"name": one.name, "group": one.group} for one in known.shapes.values()],
            "modalities": [{"name": one.name, "regions": one.regions} for one in known.modalities.values()],
            "finding_colours": FINDING_COLOURS,
            "aspects": [
                {"name": name, "words": words, "colour": ASPECT_COLOURS[name]} for name, words in ASPECT_NAMES.items()
            ],
        }
    )


def _file(name: str) -> Response:
    """A file of the page; its name is looked up, never opened as it came."""
    found = next((one for one in STATIC.iterdir() if one.name == name), None)
    kind = TYPES.get(name[name.rfind(".") :])
    if found is None or kind is None:
        raise RefusedError(404, "not_found", "The page has no such part.")
    headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-cache"}
    return Response(found.read_bytes(), media_type=f"{kind}; charset=utf-8", headers=headers)
