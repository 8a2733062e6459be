"""Words misspelt by one letter: left out, added, changed or swapped with its neighbour."""

from collections.abc import Iterable, Iterator

SHORTEST = 7
"""Letters; shorter words are too much alike."""


class Spelling:
    """Finds the known word that an unknown one is meant to be, in time that does not depend on how many are known.

    Both words lose one letter: where the rest is the same, or one rest is the
    other word, they differ by one slip.
    """

    def __init__(self, known: Iterable[str]) -> None:
        self._rests: dict[str, str] = {}
        for word in sorted(known):
            if len(word) >= SHORTEST and word.isalpha():
                for rest in (word, *_rests(word)):
                    self._rests.setdefault(rest, word)
        self._mended: dict[str, str] = {}

    def mend(self, word: str) -> str:
        """The known word that ``word`` misspells, or the word itself."""
        found = self._mended.get(word)
        if found is None:
            found = self._find(word)
            if len(self._mended) < 65536:
                self._mended[word] = found
        return found

    def forget(self) -> None:
        """Drop the words that were met."""
        self._mended.clear()

    def _find(self, word: str) -> str:
        if not (SHORTEST <= len(word) <= 40 and word.isalpha()):
            return word
        for rest in (word, *_rests(word)):
            known = self._rests.get(rest)
            if known is not None and known[0] == word[0] and _alike(word, known):
                return known
        return word


def _rests(word: str) -> Iterator[str]:
    for place in range(1, len(word)):
        yield word[:place] + word[place + 1 :]


def _alike(one: str, other: str) -> bool:
    """True when the middle that differs is one letter, or two that are swapped."""
    if abs(len(one) - len(other)) > 1:
        return False
    ahead = 0
    while ahead < min(len(one), len(other)) and one[ahead] == other[ahead]:
        ahead += 1
    behind = 0
    while behind < min(len(one), len(other)) - ahead and one[-1 - behind] == other[-1 - behind]:
        behind += 1
    middle, other_middle = (one[ahead : len(one) - behind], other[ahead : len(other) - behind])
    return max(len(middle), len(other_middle)) <= 1 or middle == other_middle[::-1]
