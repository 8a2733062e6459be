"""TransUNet's rule for empty masks, kept for comparison with papers that used its code. Not ours.

``calculate_metric_percase`` gives Dice 1 and HD95 0 to whatever is outlined where nothing is to be found, and
Dice 0 and HD95 0 to an empty mask: false alarms are rewarded, and a miss is as near as a perfect outline.

Source: github.com/Beckschen/TransUNet, ``utils.py``; copied into SAMed and H-SAM. Distances as MedPy's ``hd95``.
"""

from medsegr.evaluation.metrics import Overlap
from medsegr.evaluation.surface import SurfaceScore


def transunet_rule(overlap: Overlap, surface: SurfaceScore) -> tuple[float, float]:
    """Dice and HD95 as that code would count them.

    Args:
        overlap: Pixels of mask and truth.
        surface: Their outlines; the distance is in its unit, where TransUNet's is always in pixels.
    """
    if overlap.predicted and overlap.true:
        return overlap.dice, surface.pooled95
    return (1.0, 0.0) if overlap.predicted else (0.0, 0.0)
