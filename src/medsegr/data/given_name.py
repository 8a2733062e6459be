"""What was given where a name was expected: may a message repeat it, or is it perhaps a report?"""

from pathlib import Path

SUFFIXES = (
    ".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".nii", ".nii.gz", ".dcm", ".dicom", ".txt", ".md", ".csv",
    ".json", ".jsonl", ".yaml", ".yml", ".pdf", ".rtf", ".doc", ".docx", ".xlsx",
)  # fmt: skip
"""What tells a file's name with blanks in it from a sentence."""

LONGEST = 120
"""Letters of a file's name; a longer one is taken for text."""

LONGEST_WORD = 40
"""Letters of a word that a message repeats."""


def quoted(word: str) -> str:
    """``'word'`` for a message, after a blank; nothing where blanks or its length say that it may be a report."""
    plain = len(word) <= LONGEST_WORD and not any(letter.isspace() for letter in word)
    return f" '{word}'" if plain else ""


def may_be_report(name: Path | str) -> bool:
    """Whether nothing has this name, and it may be a report that somebody wrote in place of a file's name."""
    words, last = str(name), Path(name).name
    plain = words.isascii() and not any(letter.isspace() for letter in words)
    return (len(last) > LONGEST or not (plain or words.lower().endswith(SUFFIXES))) and not _exists(Path(name))


def _exists(path: Path) -> bool:
    try:
        path.lstat()
    except (OSError, ValueError):  # also of a text that is too long for a name
        return False
    return True
