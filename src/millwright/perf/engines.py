"""What is known of an engine before anything is fitted: defaults, names, and when a version was released."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True, slots=True)
class EngineProfile:
    """Defaults of an engine. `releases` maps a version to its month as years since 2020."""

    id: str
    name: str
    aliases: tuple[str, ...]
    memory_fraction: float
    block_size_tokens: int
    max_num_seqs: int
    max_num_batched_tokens: int
    chunked_prefill: bool
    prefill_first: bool  # new prompts are computed before decoding goes on, rather than mixed into its steps
    releases: Mapping[tuple[int, ...], float]
    arrival_jitter: float = 0.0  # relative spread by which requests of equal length fall out of step with each other
    reserved_output: float = 0.0  # share of the cache that running answers will still take, kept free when admitting


@lru_cache(maxsize=1)
def engine_profiles() -> Mapping[str, EngineProfile]:
    """Return every known engine by id."""
    entries = json.loads((DATA / "engines.json").read_text())["entries"]
    profiles = {}
    for each in entries:
        releases = {version_key(version): month_years(month) for version, month in each["releases"].items()}
        fields = {name: value for name, value in each.items() if name not in ("releases", "aliases")}
        profiles[each["id"]] = EngineProfile(**fields, aliases=tuple(each["aliases"]), releases=releases)
    return profiles


@lru_cache(maxsize=1024)
def engine_id(name: str) -> str:
    """Return the id of the engine meant by `name`; an unknown name is returned in lower case, as it is."""
    wanted = name.strip().lower()
    profiles = engine_profiles()
    if wanted in profiles:
        return wanted
    for each in profiles.values():
        if wanted in each.aliases:
            return each.id
    bare = re.sub(r"\(.*?\)", "", wanted).strip()
    for each in profiles.values():
        if bare in each.aliases or any(len(alias) > 3 and alias in wanted for alias in (each.id, *each.aliases)):
            return each.id
    return wanted


def engine_profile(name: str) -> EngineProfile:
    """Return the profile of the engine meant by `name`; an unknown engine behaves like vLLM."""
    profiles = engine_profiles()
    return profiles.get(engine_id(name), profiles["vllm"])


def month_years(text: str) -> float:
    """Return `2025-03` (or `2025`, `2025-03-14`) as years since 2020.

    >>> month_years("2021-07")
    1.5
    """
    year, *rest = text.split("-")
    month = int(rest[0]) if rest else 7
    return int(year) - 2020 + (month - 1) / 12


def version_key(version: str) -> tuple[int, ...]:
    """Return the numbers of a version, for ordering: `v0.11.2` gives (0, 11, 2), `b5000` gives (5000,)."""
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


@lru_cache(maxsize=4096)
def version_years(engine: str, version: str) -> float | None:
    """Return when that version was current, in years since 2020; None when the version says nothing.

    A version may be a month (`2025-10`), which stands for the version current then.
    """
    text = version.strip().lower()
    dated = re.match(r"^(20[2-3]\d)(-\d\d)?", text)
    if dated:
        return month_years(dated.group(0))
    releases = engine_profile(engine).releases
    found = re.search(r"(?<![\d.])v?(\d+(?:\.\d+)+)", text) or re.search(r"\bb(\d{3,5})\b", text)
    if not releases or found is None:
        return None
    key = version_key(found.group(1))
    known = sorted(releases)
    below = [each for each in known if each <= key]
    above = [each for each in known if each > key]
    if not below:
        return releases[known[0]]
    return releases[below[-1]] if not above else min(releases[below[-1]] + 0.04, releases[above[0]])


def newest_years(engine: str) -> float:
    """Return when the newest known version of an engine was current, in years since 2020."""
    return max(engine_profile(engine).releases.values())
