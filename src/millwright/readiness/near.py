"""Near duplicates: MinHash signatures of word triples, candidates by bands, then compared exactly."""

from __future__ import annotations

import random
import re
import zlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PERMUTATIONS = 48
BANDS = 12
"""With 4 rows a band, two texts alike to 80 % meet in some band with 1 − (1 − 0.8⁴)¹² = 99.8 %."""
ALIKE = 0.8
MOST_IN_A_BUCKET = 50
_ROWS = PERMUTATIONS // BANDS
_WORD = re.compile(r"\w+")


class _Signer:
    """Gives a set of triples its keys, one for each band: alike sets share one with near certainty (Broder, 1997)."""

    def __init__(self, draw: random.Random) -> None:
        import numpy as np

        factors = [draw.getrandbits(64) | 1 for _ in range(PERMUTATIONS)]
        self._factors: NDArray[np.uint64] = np.array(factors, dtype=np.uint64)
        self._terms: NDArray[np.uint64] = np.array([draw.getrandbits(64) for _ in factors], dtype=np.uint64)

    def keys(self, triples: set[int]) -> list[tuple[int, bytes]]:
        import numpy as np

        hashes = np.fromiter(triples, dtype=np.uint64, count=len(triples))
        # Multiply-shift (Dietzfelbinger et al., 1997): the product wraps at 64 bits, its upper half is well mixed.
        signature = ((hashes[:, None] * self._factors + self._terms) >> np.uint64(32)).min(axis=0)
        return [(band, signature[band * _ROWS : (band + 1) * _ROWS].tobytes()) for band in range(BANDS)]


def near_duplicate_share(texts: Sequence[str], seed: int = 0) -> float:
    """Return the share of `texts` whose word triples are 80 % those of another text (Jaccard), copies included.

    Texts of fewer than three words count as one triple.
    """
    if len(texts) < 2:
        return 0.0
    draw = random.Random(seed)
    signer = _Signer(draw)
    triples = [_triples(text) for text in texts]
    buckets: dict[tuple[int, bytes], list[int]] = {}
    for index, each in enumerate(triples):
        for key in signer.keys(each):
            bucket = buckets.setdefault(key, [])
            if len(bucket) < MOST_IN_A_BUCKET:
                bucket.append(index)
            else:
                bucket[draw.randrange(MOST_IN_A_BUCKET)] = index
    alike: set[int] = set()
    for bucket in buckets.values():
        for place, first in enumerate(bucket):
            for second in bucket[:place]:
                if not (first in alike and second in alike) and _jaccard(triples[first], triples[second]) >= ALIKE:
                    alike.update((first, second))
    return len(alike) / len(texts)


class NearIndex:
    """Texts held by their triples, so that the ones 80 % alike to another text are found without looking at all."""

    def __init__(self, texts: Sequence[str], seed: int = 0) -> None:
        self._signer = _Signer(random.Random(seed))
        self._triples = [_triples(text) for text in texts]
        self._buckets: dict[tuple[int, bytes], list[int]] = {}
        self._known: set[int] = set()
        for index, each in enumerate(self._triples):
            self._known |= each
            for key in self._signer.keys(each):
                bucket = self._buckets.setdefault(key, [])
                if len(bucket) < MOST_IN_A_BUCKET:
                    bucket.append(index)

    def _known_triples(self, text: str) -> set[int] | None:
        """Return the triples of `text`; None as soon as too many are in none of the texts for it to be alike to any."""
        words = _WORD.findall(text.casefold())
        strangers_left = int((1.0 - ALIKE) * max(1, len(words) - 2) + 1e-9)
        triples: set[int] = set()
        for each in _hashes(words):
            if each not in triples:
                triples.add(each)
                strangers_left -= each not in self._known
                if strangers_left < 0:
                    return None
        return triples

    def alike(self, text: str) -> list[int]:
        """Return which of the texts share 80 % of their word triples with `text`."""
        triples = self._known_triples(text)
        if triples is None:
            return []
        found = {index for key in self._signer.keys(triples) for index in self._buckets.get(key, ())}
        return sorted(index for index in found if _jaccard(triples, self._triples[index]) >= ALIKE)


def _triples(text: str) -> set[int]:
    return set(_hashes(_WORD.findall(text.casefold())))


def _hashes(words: Sequence[str]) -> Iterator[int]:
    for at in range(max(1, len(words) - 2)):
        yield zlib.crc32(" ".join(words[at : at + 3]).encode("utf-8", errors="surrogatepass"))


def _jaccard(first: set[int], second: set[int]) -> float:
    common = len(first & second)
    return common / (len(first) + len(second) - common)
