"""The example scenarios, wherever they lie: in the installed package, or beside its source."""

from __future__ import annotations

from pathlib import Path

import millwright

_PACKAGE = Path(millwright.__file__).parent


def examples() -> dict[str, Path]:
    """Return the example scenarios by name."""
    for folder in (_PACKAGE / "examples", _PACKAGE.parent.parent / "examples"):
        if folder.is_dir():
            return {file.parent.name: file for file in sorted(folder.glob("*/scenario.yaml"))}
    return {}
