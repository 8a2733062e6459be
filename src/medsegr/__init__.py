"""Medical image segmentation guided by the medical report.

Names are imported when they are first used, so that reading reports
(``medsegr.parse_report``) needs no torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from medsegr._version import __version__

if TYPE_CHECKING:
    from medsegr.backbones.host_spec import HostSpec
    from medsegr.cognition.parser import parse_report
    from medsegr.cognition.priors import Evidence, Finding, Location, ReportPriors, Shape, Texture
    from medsegr.data.image import MedicalImage, load_image
    from medsegr.errors import MedsegrError
    from medsegr.inference.predictor import Predictor, load
    from medsegr.inference.result import FindingResult, Result
    from medsegr.inference.user_prompt import UserPrompt
    from medsegr.model.adapter import AdapterConfig
    from medsegr.model.attach import attach
    from medsegr.model.report_guided_sam import ReportGuidedSam

_HOME = {
    name: f"medsegr.{module}"
    for module, names in {
        "backbones.host_spec": ("HostSpec",),
        "cognition.parser": ("parse_report",),
        "cognition.priors": ("Evidence", "Finding", "Location", "ReportPriors", "Shape", "Texture"),
        "data.image": ("load_image",),
        "data.medical_image": ("MedicalImage",),
        "errors": ("MedsegrError",),
        "inference.predictor": ("Predictor", "load"),
        "inference.result": ("FindingResult", "Result"),
        "inference.user_prompt": ("UserPrompt",),
        "model.adapter": ("AdapterConfig",),
        "model.attach": ("attach",),
        "model.report_guided_sam": ("ReportGuidedSam",),
    }.items()
    for name in names
}
"""Where each public name lives."""

__all__ = [
    "AdapterConfig", "Evidence", "Finding", "FindingResult", "HostSpec", "Location", "MedicalImage", "MedsegrError",
    "Predictor", "ReportGuidedSam", "ReportPriors", "Result", "Shape", "Texture", "UserPrompt", "__version__", "attach",
    "load", "load_image", "parse_report",
]  # fmt: skip


if not TYPE_CHECKING:  # so that a type checker sees a name that is not there

    def __getattr__(name: str) -> Any:
        if name not in _HOME:
            raise AttributeError(f"module 'medsegr' has no attribute '{name}'")
        return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
