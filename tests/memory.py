"""What this process still remembers of a text."""

import gc
import random
import string


def new_word() -> str:
    """A word that nobody has met."""
    return "".join(random.SystemRandom().choices(string.ascii_lowercase, k=12))


def remembered(word: str) -> list[str]:
    """Texts in memory that hold a word in lower case, but the word itself and what only running functions have."""
    found: list[str] = []
    gc.collect()
    for one in gc.get_objects():
        told = gc.get_referents(one)
        while told:
            text = told.pop()
            if type(text) is str and text is not word and word in text.lower():
                found.append(text)
            elif type(text) in (tuple, dict) and not gc.is_tracked(text):
                told += gc.get_referents(text)
    return found
