"""Measured serving points: reading a table of them, however incomplete, into one form.

A table has the columns of `serving_points.parquet` (docs/accuracy.md lists those that are read); any may be missing,
and so may any value. What a row leaves open is inferred here, once, and never refused.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from millwright.errors import InputError
from millwright.measure.tasks import known_tasks
from millwright.scenario.text_file import require_file
from millwright.spreadsheet import saved_by_spreadsheet

if TYPE_CHECKING:
    import polars as pl

METRICS = ("ttft_ms_mean", "tpot_ms_mean", "output_tok_s_total")
"""What is predicted and compared."""


class Load(StrEnum):
    """How requests were offered."""

    CLOSED = "closed"  # a constant number in flight; every completion starts the next
    SATURATED = "saturated"  # the same, measured in its steady state only
    STATIC = "static"  # one batch, started and padded together
    OFFLINE = "offline"  # everything queued at once, batch as large as fits
    BURST = "burst"  # a stated number of requests, all at once
    RATE = "rate"  # Poisson arrivals


class Phase(StrEnum):
    """Which part of a request a benchmark ran."""

    BOTH = "both"
    PREFILL = "prefill"
    DECODE = "decode"


@dataclass(frozen=True, slots=True)
class Pool:
    """The devices of one phase of a disaggregated deployment: `workers` replicas of `devices` each."""

    workers: int
    devices: int
    tp: int
    ep: int


@dataclass(frozen=True, slots=True)
class ServingPoint:
    """One measured point. Lengths are means [token]; `spread` is the relative width of uniform lengths (0: all equal).

    `level` is the concurrency, batch or rate [1/s] according to `load`; None where it is not stated.
    """

    index: int
    accelerator: str
    devices: int
    model: str
    weights_text: str
    kv_text: str
    engine: str
    engine_version: str
    date: str
    tp: int | None
    pp: int
    ep: int
    dp: int | None
    dp_attention: bool
    prefill_pool: Pool | None
    decode_pool: Pool | None
    speculative: bool
    input_tokens: float
    output_tokens: float
    spread: float
    context_tokens: float  # cached before the prompt (llama-bench depth)
    load: Load
    level: float | None
    phase: Phase
    protocol: str  # the data's own name of its length distribution or benchmark: what tells rigs apart
    parameters_billion: float | None = None
    measured: Mapping[str, float] = field(default_factory=dict)

    @property
    def disaggregated(self) -> bool:
        """Whether prefill and decode run on devices of their own."""
        return self.prefill_pool is not None


_TELLING = frozenset({"accelerator", "model"})
"""A table with neither of these columns holds no serving points."""


def read_table(path: Path) -> pl.DataFrame:
    """Return a CSV or Parquet table as it is; raises InputError when it cannot be read or holds no serving points."""
    import polars as pl

    require_file(path, "a CSV or Parquet table")
    saved = saved_by_spreadsheet(path) if path.is_file() else None
    if saved is not None:
        raise InputError(saved[0], str(path), saved[1])
    try:
        if path.suffix.lower() in (".parquet", ".pq"):
            table = pl.read_parquet(path)
        else:
            table = pl.read_csv(path, infer_schema_length=None, try_parse_dates=False)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise InputError(f"cannot be read: {error}", str(path), "Give a CSV or Parquet table.") from error
    if not _TELLING.intersection(table.columns):
        found = ", ".join(table.columns[:6]) or "none"
        remedy = "Name at least accelerator and model; docs/points.md lists the columns."
        raise InputError(f"no column tells what was measured; the columns are: {found[:200]}", str(path), remedy)
    return table


def read_points(path: Path) -> list[ServingPoint]:
    """Return the points of a CSV or Parquet file; raises InputError when the file cannot be read."""
    return points_of(read_table(path))


def points_of(table: pl.DataFrame) -> list[ServingPoint]:
    """Return one point per row of a table, in order."""
    return [_point(index, row) for index, row in enumerate(_rows(table))]


def _rows(table: pl.DataFrame) -> Iterator[dict[str, Any]]:
    return table.iter_rows(named=True)


def number(value: Any) -> float | None:
    """Return a value as a float, None when it is missing, not a number or NaN."""
    if value is None or isinstance(value, bool):
        return None
    try:
        found = float(value)
    except (TypeError, ValueError):
        return None
    return None if math.isnan(found) else found


def text(value: Any) -> str:
    """Return a value as stripped text, empty when missing."""
    return "" if value is None else str(value).strip()


def _truth(value: Any) -> bool:
    return value is True or text(value).lower() in ("true", "1", "1.0", "yes")


def _whole(value: Any) -> int | None:
    found = number(value)
    return round(found) if found is not None and math.isfinite(found) and found >= 1 else None


def _point(index: int, row: Mapping[str, Any]) -> ServingPoint:
    load, level = _load(row)
    phase = _phase(text(row.get("scenario")))
    distribution = text(row.get("isl_dist"))
    jitter = "0.8" in distribution
    input_tokens, output_tokens, depth = _lengths(row, phase, 0.9 if jitter else 1.0)
    prefill, decode = _pools(row)
    measured = {name: value for name in METRICS if (value := number(row.get(name))) is not None and value > 0}
    return ServingPoint(
        index=index,
        accelerator=text(row.get("accelerator")),
        devices=_whole(row.get("n_accelerators")) or (_whole(row.get("tp")) or 1) * (_whole(row.get("pp")) or 1),
        model=text(row.get("model")),
        weights_text=text(row.get("precision_weights")),
        kv_text=text(row.get("precision_kv")),
        engine=text(row.get("engine")) or "vllm",
        engine_version=text(row.get("engine_version")),
        date=_date(text(row.get("date"))),
        tp=_whole(row.get("tp")),
        pp=_whole(row.get("pp")) or 1,
        ep=_whole(row.get("ep")) or 1,
        dp=_whole(row.get("dp")),
        dp_attention=_truth(row.get("dp_attention")),
        prefill_pool=prefill,
        decode_pool=decode,
        speculative=text(row.get("spec_decoding")).lower() not in ("", "none", "no speculative decoding", "false"),
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        spread=0.2 / 0.9 if jitter else 0.0,
        context_tokens=depth,
        load=load,
        level=level,
        phase=phase,
        protocol=distribution,
        parameters_billion=_billions(text(row.get("params")) or text(row.get("model"))),
        measured=measured,
    )


def _load(row: Mapping[str, Any]) -> tuple[Load, float | None]:
    kind, scenario = text(row.get("load_kind")).lower(), text(row.get("scenario")).lower()
    level = number(row.get("concurrency_or_rate"))
    if level is not None and not (math.isfinite(level) and level > 0):
        return Load.OFFLINE, None
    if ("rate" in kind and "max" not in kind) or (not kind and "open" in scenario):
        return Load.RATE, level
    if "queued at once" in kind:
        return Load.OFFLINE, None
    if "saturating" in kind:
        return Load.SATURATED, level
    if "number of" in kind:
        return Load.BURST, level
    if "static" in kind or "batch" in kind or "static" in scenario:
        return Load.STATIC, level
    return Load.CLOSED, level


def _phase(scenario: str) -> Phase:
    lowered = scenario.lower()
    if lowered.startswith(("prefill-only", "prefill latency", "low latency (first")):
        return Phase.PREFILL
    return Phase.DECODE if lowered.startswith(("decode-only", "single stream decode")) else Phase.BOTH


def _lengths(row: Mapping[str, Any], phase: Phase, mean_share: float) -> tuple[float, float, float]:
    distribution = text(row.get("isl_dist"))
    given_input, given_output = number(row.get("isl")), number(row.get("osl"))
    found = re.search(r"depth=(\d+)", text(row.get("notes")))
    depth = float(found.group(1)) if found else 0.0
    if phase is Phase.DECODE:
        return 1.0, max(given_output or 128.0, 2.0), depth if found else (given_input or 0.0)
    if given_input is None:
        task = known_tasks().get(distribution)
        typical = 64.0 if "short" in distribution else 512.0
        shared = 0.0 if task is None else task.shared_tokens
        given_input = typical if task is None else task.prompt_of(text(row.get("model"))) - shared
        return given_input, max(given_output or 256.0, 1.0), depth + shared
    if phase is Phase.PREFILL:
        return max(given_input, 1.0), max(given_output or 1.0, 1.0), depth
    output = 256.0 if given_output is None else given_output
    return max(given_input * mean_share, 1.0), max(output * mean_share, 1.0), depth


def _date(raw: str) -> str:
    """Return the first date in a text, as far as it goes: `2025-12..2026-01 (run …)` gives `2025-12`."""
    found = re.search(r"20[2-3]\d(?:-\d\d(?:-\d\d)?)?", raw)
    return found.group(0) if found else ""


def _billions(raw: str) -> float | None:
    """Return the parameter count that a text names, in billions: `70.6B`, `8x7B`, `180M`."""
    found = re.search(r"(?:(\d+)\s*[xX]\s*)?(\d+(?:\.\d+)?)\s*[bB](?![a-zA-Z])", raw)
    if found:
        return float(found.group(1) or 1) * float(found.group(2))
    small = re.search(r"(\d+(?:\.\d+)?)\s*[mM](?![a-zA-Z])", raw)
    return float(small.group(1)) / 1000 if small else None


def _pools(row: Mapping[str, Any]) -> tuple[Pool | None, Pool | None]:
    """Return the prefill and decode pools of a disaggregated row; devices are split in halves where nothing is said."""
    prefill_devices, decode_devices = _whole(row.get("n_prefill_accel")), _whole(row.get("n_decode_accel"))
    if not _truth(row.get("disaggregated")) and not (prefill_devices and decode_devices):
        return None, None
    total = _whole(row.get("n_accelerators")) or 2
    layout = text(row.get("parallelism_text"))
    pools: list[Pool] = []
    for side, stated in (("P", prefill_devices), ("D", decode_devices)):
        tp, ep = _side_number(layout, "tp", side), _side_number(layout, "ep", side)
        workers = _side_workers(layout, side)
        data_parallel = _side_data_parallel(layout, side)
        pools.append(Pool(workers, stated or max(tp, tp * data_parallel) * workers, tp, ep))
    prefill, decode = pools
    if not (prefill_devices and decode_devices):
        share = total / max(1, prefill.devices + decode.devices)
        prefill = Pool(prefill.workers, max(1, round(prefill.devices * share)), prefill.tp, prefill.ep)
        decode = Pool(decode.workers, max(1, total - prefill.devices), decode.tp, decode.ep)
    return _per_worker(prefill), _per_worker(decode)


def _per_worker(pool: Pool) -> Pool:
    devices = max(1, pool.devices // pool.workers)
    return Pool(pool.workers, devices, min(pool.tp, devices), min(pool.ep, devices))


def _side_number(layout: str, name: str, side: str) -> int:
    found = re.search(rf"\b{name}=(?:P(\d+))?/?(?:D(\d+))?", layout)
    value = found and found.group(1 if side == "P" else 2)
    return int(value) if value and int(value) > 0 else 1


def _side_workers(layout: str, side: str) -> int:
    found = re.search(rf"{side}workers(\d+)", layout) or re.search(rf"{side}dp\d+x(\d+)w", layout)
    found = found or re.search(rf"(\d+){side}", layout.split("dp=")[-1])
    return max(1, int(found.group(1))) if found else 1


def _side_data_parallel(layout: str, side: str) -> int:
    found = re.search(rf"{side}dp(\d+)x\d+w", layout)
    return max(1, int(found.group(1))) if found else 1


def group_names(points: Sequence[ServingPoint], table: pl.DataFrame, column: str) -> list[str]:
    """Return the value of a table's column for each point, as text; raises InputError when there is no such column."""
    if column not in table.columns:
        known = ", ".join(table.columns)
        raise InputError(f"there is no column '{column}'", "", f"Known columns: {known}.")
    values = table[column].to_list()
    return [text(values[point.index]) or "(not given)" for point in points]
