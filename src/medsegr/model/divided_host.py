"""Whether a model's host can be asked in two parts: what no report changes, and the rest."""

from medsegr.model.report_guided_sam import ReportGuidedSam


def stops_at_trunk(model: ReportGuidedSam) -> bool:
    """Whether the host can stop where guidance begins, and go on from there."""
    return not model.backbone.whole and (model.trunk_block is None or model.backbone.divides)
