"""Views of pictures for tests."""

from medsegr.cognition.lexicon import load_lexicon
from medsegr.data.image import MedicalImage
from medsegr.view import View


def view_of(modality: str | None = None, **stated) -> View:
    """The view of a picture whose file states no place; ``stated`` as in :meth:`View.of`."""
    return View.of(load_lexicon().kind(modality), **stated)


def seen(image: MedicalImage, modality: str | None = None, frame=None) -> MedicalImage:
    """The image as the built-in lexicon knows such pictures."""
    return image.seen(load_lexicon(), modality, frame)
