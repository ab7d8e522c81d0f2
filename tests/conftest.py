"""Fixtures that all tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

_UNTIMED = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}  # no test asserts a time
settings.register_profile("same", derandomize=True, **_UNTIMED)
settings.register_profile("search", max_examples=1000, print_blob=True, **_UNTIMED)
settings.load_profile(os.environ.get("MILLWRIGHT_EXAMPLES", "same"))
"""A change is judged by the change: the examples of a property are the same each time. `make fuzz` draws new ones."""

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of measured data, or skip: the project must also pass where it is absent."""
    folder = Path(os.environ.get("MILLWRIGHT_SHARED_DATA", REPOSITORY.parent / "shared" / "data"))
    if not (folder / "serving_points.parquet").exists():
        pytest.skip(f"the measured data are not at {folder} (set MILLWRIGHT_SHARED_DATA to point to them)")
    return folder
