"""Whatever stands at whatever key, a scenario is loaded or refused with faults that name their place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from millwright.catalog.catalog import ShippedCatalog, load_catalog
from millwright.scenario.faults import Fault, ScenarioError
from millwright.scenario.load import read_scenario

FULL = Path(__file__).parent / "full.yaml"
VALUES: dict[str, Any] = yaml.safe_load(FULL.read_text(encoding="utf-8").replace("2026-12-02", "'2026-12-02'"))


def _paths(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(deeper for key, item in items for deeper in _paths(item, (*path, key)))]


PATHS = _paths(VALUES)[1:]

JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(["2 /s", "20 kW", "400 kEUR", "8 %/y", "-1", "1e400", "EU", "fixed", "api", ".", "/dev/null"]),
    st.lists(st.integers(0, 3), max_size=3),
    st.dictionaries(st.sampled_from(["kind", "file", "name", "mean", "p95", "x"]), st.text(max_size=4), max_size=3),
)


def _with(path: tuple[str | int, ...], junk: Any) -> dict[str, Any]:
    changed = yaml.safe_load(yaml.safe_dump(VALUES))
    inner = changed
    for part in path[:-1]:
        inner = inner[part]
    inner[path[-1]] = junk
    return changed


@pytest.fixture(scope="module")
def catalog() -> ShippedCatalog:
    return load_catalog()


def _faults(values: Any, catalog: ShippedCatalog) -> tuple[Fault, ...]:
    """Return what is wrong with the values, written as YAML; nothing if they are a sound scenario."""
    try:
        loaded = read_scenario(yaml.safe_dump(values, allow_unicode=True), FULL, catalog)
    except ScenarioError as error:
        return error.faults
    assert set(loaded.patterns) == {workload.name for workload in loaded.scenario.workloads}
    return ()


@given(path=st.sampled_from(PATHS), junk=JUNK)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_junk_anywhere_is_accepted_or_refused_in_its_place(path: Any, junk: Any, catalog: ShippedCatalog) -> None:
    for fault in _faults(_with(path, junk), catalog):
        assert fault.what
        assert fault.line >= 1
        assert len(str(fault)) < 1000


@given(path=st.sampled_from(PATHS))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_key_that_goes_missing_is_defaulted_or_asked_for(path: Any, catalog: ShippedCatalog) -> None:
    changed = yaml.safe_load(yaml.safe_dump(VALUES))
    inner = changed
    for part in path[:-1]:
        inner = inner[part]
    del inner[path[-1]]
    for fault in _faults(changed, catalog):
        assert fault.remedy
        assert fault.line >= 1
