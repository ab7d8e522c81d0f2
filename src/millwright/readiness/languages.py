"""Which languages texts are in, by their short words or their script; and how many characters make a token there."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from importlib.resources import files

DEFAULT_CHARS_PER_TOKEN = 3.8
"""Characters per token where no language is told; a judgement, quality C."""


@lru_cache(maxsize=1)
def _known_languages() -> tuple[dict[str, tuple[str, ...]], dict[str, float]]:
    """Return the languages that each word speaks for, and characters per token by language."""
    raw = json.loads((files("millwright.readiness") / "data" / "languages.json").read_text(encoding="utf-8"))
    speaks: dict[str, list[str]] = {}
    for language in raw["languages"]:
        for word in language["words"].split():
            speaks.setdefault(word, []).append(language["id"])
    return (
        {word: tuple(ids) for word, ids in speaks.items()},
        {language["id"]: float(language["chars_per_token"]) for language in raw["languages"]},
    )


_WORD = re.compile(r"[^\W\d_]+")
_SCRIPTS = (
    (re.compile(r"[\u0400-\u04ff]"), "Cyrillic"),
    (re.compile(r"[\u0370-\u03ff]"), "Greek"),
    (re.compile(r"[\u0600-\u06ff]"), "Arabic"),
    (re.compile(r"[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]"), "East Asian"),
)
LEAST_WORDS = 2
"""Fewer words that speak for a language tell nothing."""


def language_of(text: str) -> str:
    """Return the language of a text by its short words, or its script; `unknown` where too little speaks for one."""
    for pattern, script in _SCRIPTS:
        if len(pattern.findall(text)) > 0.3 * max(1, len(_WORD.findall(text))):
            return script
    speaks, _ = _known_languages()
    votes: dict[str, float] = {}
    for word in _WORD.findall(text.casefold()):
        for language in speaks.get(word, ()):
            votes[language] = votes.get(language, 0.0) + 1.0 / len(speaks[word])
    if not votes:
        return "unknown"
    ranked = sorted(votes.items(), key=lambda vote: -vote[1])
    clear = len(ranked) == 1 or ranked[0][1] > ranked[1][1]
    return ranked[0][0] if ranked[0][1] >= LEAST_WORDS and clear else "unknown"


def language_shares(texts: list[str]) -> tuple[dict[str, float], float]:
    """Return the share of each language, the most frequent first, and characters per token over all."""
    counts: dict[str, int] = {}
    for text in texts:
        language = language_of(text)
        counts[language] = counts.get(language, 0) + 1
    total = max(1, len(texts))
    shares = {name: count / total for name, count in sorted(counts.items(), key=lambda each: -each[1])}
    _, per_token = _known_languages()
    mean = sum(share * per_token.get(name, DEFAULT_CHARS_PER_TOKEN) for name, share in shares.items())
    return shares, mean if shares else DEFAULT_CHARS_PER_TOKEN
