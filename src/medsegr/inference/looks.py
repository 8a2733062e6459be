"""How often and from where the model looks at a picture: once, mirrored as well, closer where a finding is small."""

from dataclasses import asdict, dataclass
from functools import partial

from medsegr.cognition.lexicon import Lexicon
from medsegr.inference.flips import with_flips
from medsegr.inference.picture_memory import PictureMemory
from medsegr.inference.plane import Ask, ask_model
from medsegr.inference.second_look import with_second_look
from medsegr.model.report_guided_sam import ReportGuidedSam
from medsegr.model.thresholds import Thresholds


@dataclass(frozen=True)
class Looks:
    """The options of looking; both are off by default.

    Attributes:
        flips: Also look at the mirrored picture, with mirrored findings; twice the encodings.
        second_look: Look again, closer, where a finding is small; one more encoding for each of these.
    """

    flips: bool = False
    second_look: bool = False

    def settings(self) -> dict[str, bool]:
        """As results have them."""
        return asdict(self)

    def ask(
        self, model: ReportGuidedSam, thresholds: Thresholds, lexicon: Lexicon, memory: PictureMemory | None = None
    ) -> Ask:
        """The way to ask this model; the closer look is mirrored too where both are on."""
        ask: Ask = partial(ask_model, model, memory=memory)
        if self.flips:
            ask = with_flips(ask)
        if self.second_look:
            ask = with_second_look(ask, thresholds, lexicon)
        return ask
