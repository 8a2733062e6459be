"""What a picture cannot show: names that belong to other regions of the body."""

from medsegr.cognition.lexicon import Lexicon, regions_of


def foreign_targets(modality: str | None, lexicon: Lexicon) -> tuple[str, ...]:
    """Findings and organs of regions that are neither in such pictures nor next to them.

    Args:
        modality: Of the picture; nothing is foreign where it is not known.
        lexicon: Names and their regions.
    """
    shown = set(regions_of(modality, lexicon))
    near = {other for region in shown for other in lexicon.near.get(region, ())}
    near |= {region for region, others in lexicon.near.items() if shown & set(others)}
    far = [
        target
        for target in lexicon.targets.values()
        if target.group in ("finding", "anatomy") and target.region not in {"any", *shown, *near}
    ]
    return tuple(sorted(target.name for target in far)) if shown else ()
