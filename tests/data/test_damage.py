"""Whatever a library raises about a file becomes one line of ours; what is no fault of the file does not."""

import pytest

from medsegr.data.damage import damage_told
from medsegr.errors import DatasetError, ImageError, ReportError


def raised_within(error: Exception) -> None:
    with damage_told("a.pdf is damaged", ". Export it again.", ReportError):
        raise error


def test_what_a_library_says_is_not_repeated() -> None:
    with pytest.raises(ReportError, match=r"^a\.pdf is damaged \(KeyError\)\. Export it again\.$"):
        raised_within(KeyError("SECRETWORD"))
    with pytest.raises(ImageError, match=r"^b \(OSError\): x$"), damage_told("b", ": x"):
        raise OSError


@pytest.mark.parametrize("error", [MemoryError(), DatasetError("of ours")])
def test_our_own_errors_and_a_lack_of_memory_pass(error: Exception) -> None:
    with pytest.raises(type(error)) as found:
        raised_within(error)
    assert found.value is error
