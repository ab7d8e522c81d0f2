"""Is an inference engine open source: what its project's licence says, None where it is not known."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from millwright.law.load import DATA, read_yaml_file
from millwright.perf.engines import engine_id


@cache
def is_open_source(engine: str, path: Path = DATA / "engine-licences.yaml") -> bool | None:
    """Return whether `engine`, by any of its names, is open source; raises RuleFileError."""
    known = {raw["id"]: bool(raw["open_source"]) for raw in read_yaml_file(path)["engines"]}
    return known.get(engine_id(engine))
