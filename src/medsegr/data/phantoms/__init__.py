"""Generated studies with reports: what medsegr is demonstrated, tested and pretrained on."""

from medsegr.data.phantoms.study import COMPETING, SUITES, Lesion, PhantomStudy, generate_study
from medsegr.data.phantoms.writer import write_phantoms

__all__ = ["COMPETING", "SUITES", "Lesion", "PhantomStudy", "generate_study", "write_phantoms"]
