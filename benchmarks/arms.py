"""The arms of the grid: alike but for settings of their own."""

from typing import NamedTuple


class Arm(NamedTuple):
    """What it is, and the settings that it adds to, and puts above, those of the grid."""

    what: str
    settings: tuple[str, ...] = ()


UNGUIDED = ("adapter.blocks=[]", "adapter.late=no", "adapter.box=no", "adapter.mask_prompt=no")
"""No modulator, and nothing that a finding's own features would have to give."""

NAMES_ONLY = (
    *UNGUIDED, "adapter.aspects=[]", "sampling.report_dropout=0",
    "sampling.finding_dropout=1", "sampling.false_share=0", "sampling.counterfactual_share=0",
)  # fmt: skip
"""The same findings as for other arms, merely named, with all of that name as the truth; nothing but the name told at
test, as a prompt; no modulator. What only a description makes false is left out."""

ARMS = {
    "host": Arm("the host without a report", NAMES_ONLY),
    "late": Arm("report tokens as the decoder's prompts only", UNGUIDED),
    "full": Arm("the full model"),
    "no-location": Arm("less location", ("adapter.aspects=texture,shape",)),
    "no-texture": Arm("less texture", ("adapter.aspects=location,shape",)),
    "no-shape": Arm("less shape", ("adapter.aspects=location,texture",)),
    "no-per-finding": Arm("less the per-finding modulator", UNGUIDED[1:]),
    "no-box": Arm("less the box that a finding predicts", ("adapter.box=no",)),
    "no-fine": Arm("less guidance of the finer maps", ("adapter.fine=no",)),
    "no-fusion": Arm("less fusion", ("adapter.fusion_blocks=0",)),
    "bare-host": Arm(
        "the host without a report, less its mask embedding", (*NAMES_ONLY, "host_settings.mask_embedding=no")
    ),
}

SILENT = ("host", "bare-host", "unet")
"""Arms that are told names alone, so that a report's words cannot change their answers."""

BASELINES = ("host", "late", "unet")
"""Arms that all others are compared with. ``unet`` is MONAI's BasicUNet, a study that is finished: docs/studies.md."""
