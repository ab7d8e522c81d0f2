"""What the page says, in one place: `strings/en.json`. Another language is another file with the same keys."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

_FOLDER = Path(__file__).parent / "strings"


@lru_cache
def strings(language: str = "en") -> Mapping[str, str]:
    """Return every text of the page by its key."""
    found: dict[str, str] = json.loads((_FOLDER / f"{language}.json").read_text(encoding="utf-8"))
    return found


def t(key: str, /, **values: object) -> str:
    """Return the text under `key` with `values` in its places; raises KeyError for a key that no language has."""
    return strings()[key].format(**values) if values else strings()[key]
