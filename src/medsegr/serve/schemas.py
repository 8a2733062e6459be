"""What is sent and answered, as the OpenAPI page shows it: fields of findings.json and of ``parse --json``.

Answers are written by the same functions as the command line's (``Finding.to_dict``, ``write_case``), and a test
holds that these schemas name exactly what they write. Further fields pass, so that a newer writer is not cut short.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from medsegr.cognition.priors import Count, Laterality, Presence, Span

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Name = Annotated[str, Field(min_length=1, max_length=80)]
Names = Annotated[list[Name], Field(max_length=32)]
Offsets = Annotated[list[Span], Field(max_length=200)]
Millimetres = Annotated[float, Field(gt=0.0, le=10_000.0)]
Pixels = Annotated[float, Field(ge=0.0, le=100_000.0)]


class Asked(BaseModel):
    """What clients send: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class Answered(BaseModel):
    """What the service answers."""

    model_config = ConfigDict(extra="allow")


class PriorFinding(Asked):
    """One finding of a report, as ``medsegr parse --json`` prints it; names are those of the lexicon."""

    target: Name
    presence: Presence = "present"
    laterality: Laterality | None = None
    zones: Names = []
    texture: Names = []
    shape: Names = []
    size_mm: Annotated[list[Millimetres], Field(max_length=8)] = []
    count: Count | None = None
    evidence: Offsets = []
    trigger: Offsets = []


class Word(BaseModel):
    """Words of the report that say something of a finding."""

    finding: int
    aspect: Literal["target", "location", "texture", "shape", "presence"]
    span: Span


class Priors(Asked):
    """A report's findings, perhaps edited."""

    modality: Name | None = None
    findings: Annotated[list[PriorFinding], Field(max_length=200)]
    warnings: Annotated[list[str], Field(max_length=200)] = []
    not_read: Annotated[list[Span], Field(max_length=2000)] = []
    words: Annotated[list[Word], Field(max_length=5000)] = []


class Prompt(Asked):
    """Clicks and a box for one finding, in pixels of the picture; of a volume each click with its plane.

    See ``medsegr.UserPrompt``.
    """

    points: Annotated[list[tuple[Pixels, Pixels]], Field(max_length=64)] = []
    labels: Annotated[list[Literal[0, 1]], Field(max_length=64)] = []
    box: tuple[Pixels, Pixels, Pixels, Pixels] | None = None
    planes: Annotated[list[Annotated[int, Field(ge=0, le=100_000)]], Field(max_length=64)] = []


class SegmentRequest(Asked):
    """The fields beside the picture. ``priors`` and ``prompts`` are JSON in a form's field of their own."""

    report: str | None = None
    priors: Priors | None = None
    targets: Names = []
    modality: Name | None = None
    series: Annotated[str, Field(pattern=r"^(largest|[0-9][0-9.]{0,63})$")] | None = None
    threshold: Share = 0.5
    support_threshold: Share | None = None
    untrained: Literal["refuse", "draw"] | None = None
    prompts: Annotated[dict[Name, Prompt], Field(max_length=200)] = {}
    pictures: bool = False
    masks: Annotated[list[Literal["separate", "4d", "dicom"]], Field(max_length=3)] = []
    view: bool = False
    keep: bool = False
    again: Annotated[str, Field(pattern="^[0-9a-f]{32}$")] | None = None


class ParseRequest(Asked):
    """A report to be read."""

    report: str
    modality: Name | None = None


class ParseAnswer(Answered):
    """As ``medsegr parse --json``: offsets into the report that was sent, which is not repeated."""

    modality: str | None
    findings: list[PriorFinding]
    warnings: list[str]
    not_read: list[Span]
    words: list[Word]


class Place(Answered):
    """Where a finding lies."""

    laterality: Laterality | None
    zones: list[str]
    frame: str


class Form(Answered):
    """Form, sizes and number, as the report says."""

    attributes: list[str]
    size_mm: list[float]
    count: Count | None


class FindingAnswer(Answered):
    """One entry of findings.json."""

    id: str
    target: str
    presence: Presence
    location: Place
    texture: list[str]
    shape: Form
    evidence: list[Span]
    trigger: list[Span]
    box: list[float] | None
    mask: str | None
    segment: int | None
    channel: int | None
    label: int | None
    reason: str | None
    looked_twice: bool
    support: float | None
    area_px: int
    volume_mm3: float | None
    volume_ml: float | None
    size_mm: float | None
    length_mm: float | None
    code: list[str]
    category: list[str]


class CaseAnswer(Answered):
    """findings.json."""

    layout: str = Field(alias="schema")
    case: str
    image: str | None
    model: str
    model_chosen: str | None
    modality: str | None
    looks: dict[str, bool]
    backend: dict[str, Any]
    files: dict[str, str]
    findings: list[FindingAnswer]
    warnings: list[str]
    not_read: list[Span]


class Problem(Answered):
    """Why a request or a job has no result."""

    code: str
    detail: str


class JobAnswer(Answered):
    """Where a job stands. ``result`` and ``files`` come when it is done, ``problem`` when it failed."""

    id: str
    state: Literal["queued", "running", "done", "failed", "cancelled"]
    stage: str
    progress: float
    created: float
    ended: float | None = None
    files: list[str] = []
    result: CaseAnswer | None = None
    problem: Problem | None = None


class ModelAnswer(Answered):
    """A model that answers here, and what it was trained to find, by modality; nothing is known where it is empty.

    ``support_threshold``: a finding with less support has no mask; ``support_thresholds``: the same of kinds of
    pictures that have one of their own. None of ``auto``, which takes one of the others.
    """

    name: str
    trained_targets: dict[str, list[str]]
    support_threshold: float | None = None
    support_thresholds: dict[str, float] = {}
    weights_sha256: Any = None


class ModelsAnswer(Answered):
    """All of them; the first is the one that was named at the start."""

    models: list[ModelAnswer]


class ShownFinding(Answered):
    """Where a finding is shown: by planes, in pixels."""

    id: str
    key_plane: int
    map: bool
    areas: list[int]


class ViewAnswer(Answered):
    """The picture as it was read. ``window``: the values shown black and white; white may be the smaller one.

    ``series``: all that a DICOM file or archive holds, in words, by their numbers from 1; ``chosen``: the one shown.
    """

    planes: int
    height: int
    width: int
    colour: bool
    type: Literal["uint8", "int16", "uint16", "float32"]
    lowest: float
    highest: float
    window: tuple[float, float]
    hounsfield: bool
    aspect: float
    patient_sides: bool
    notes: list[str]
    series: list[str]
    chosen: str | None
    findings: list[ShownFinding]


class LexiconAnswer(Answered):
    """Names that priors may hold, and colours."""

    targets: list[str]
    zones: list[dict[str, str]]
    textures: list[dict[str, str]]
    shapes: list[dict[str, str]]
    modalities: list[dict[str, Any]]
    finding_colours: list[str]
    aspects: list[dict[str, str]]


class HealthAnswer(Answered):
    """Whether the service can work."""

    status: Literal["ok", "starting"]
    version: str
