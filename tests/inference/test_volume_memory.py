"""What was gathered of the last volume: found while the volume is there, and gone with it."""

import weakref

import numpy as np

from medsegr.cognition.priors import Finding
from medsegr.data.geometry import plain_geometry
from medsegr.data.image import MedicalImage
from medsegr.inference.volume import FindingVolume
from medsegr.inference.volume_memory import VolumeMemory
from medsegr.model.thresholds import Thresholds


def volume() -> MedicalImage:
    return MedicalImage(np.zeros((3, 10, 12), np.float32), plain_geometry((3, 10, 12)))


def test_the_same_question_on_the_same_voxels_is_gathered_once() -> None:
    memory, image, calls = VolumeMemory(), volume(), []

    def make() -> list[FindingVolume]:
        calls.append(1)
        return [FindingVolume(Finding("nodule"), image, Thresholds())]

    first, again = (memory.gathered(image, ("asked",), make)[0] for _ in range(2))
    assert len(calls) == 1 and first is not again, "each asker has its own"
    memory.gathered(image, ("something else",), make)
    assert len(calls) == 2


def test_what_was_gathered_is_let_go_with_its_volume() -> None:
    memory, image = VolumeMemory(), volume()
    made = [FindingVolume(Finding("nodule"), image, Thresholds())]
    memory.gathered(image, ("asked",), made.copy)
    kept = weakref.ref(made.pop())
    assert kept() is not None
    del image
    assert kept() is None
