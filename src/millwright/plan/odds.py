"""Odds in words: the same words for the same probability, wherever the plan or a view of it speaks."""

from __future__ import annotations

_SCALE: tuple[tuple[float, str], ...] = (
    (0.99, "almost certain"),
    (0.90, "very likely"),
    (0.70, "likely"),
    (0.55, "more likely than not"),
    (0.45, "about even"),
    (0.30, "less likely than not"),
    (0.10, "unlikely"),
    (0.01, "very unlikely"),
    (0.00, "almost impossible"),
)
"""Least probability of each word, highest first. Half-open steps, so that every probability has one word."""


def odds_in_words(probability: float) -> str:
    """Return the word for `probability` [-], such as `very likely` from 0.90.

    Raises ValueError outside 0 … 1 (NaN included).
    """
    if not 0.0 <= probability <= 1.0:
        raise ValueError(f"a probability lies between 0 and 1, got {probability}")
    return next(words for least, words in _SCALE if probability >= least)


def odds_scale() -> tuple[tuple[float, str], ...]:
    """Return (least probability, words), highest first: the legend a reader may ask for."""
    return _SCALE
