"""The page of questions, gates and actions is made from the data."""

from __future__ import annotations

import importlib.util
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


def test_the_reference_page_is_made_from_the_data() -> None:
    spec = importlib.util.spec_from_file_location(
        "readiness_reference", REPOSITORY / "scripts" / "write_readiness_reference.py"
    )
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    page = (REPOSITORY / "docs" / "readiness-reference.md").read_text(encoding="utf-8")
    assert page == script.reference(), "say: python scripts/write_readiness_reference.py"
