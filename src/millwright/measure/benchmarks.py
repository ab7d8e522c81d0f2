"""Results of benchmark programs, as rows with the columns of serving points.

Read are what `vllm bench serve --save-result` writes, GuideLLM's report and AIPerf's `profile_export_aiperf.json`. None
says which machine answered: what a file leaves open (accelerator, tp, precision_weights …) is given by the caller.

TPOT here is the time from the first to the last token over the tokens after the first. vLLM's `tpot`, AIPerf's and
GuideLLM's `inter_token_latency` mean that; GuideLLM's `time_per_output_token_ms` counts the first token and its wait.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from millwright.errors import InputError
from millwright.measure.points import number, read_table, text
from millwright.scenario.text_file import read_text_file

if TYPE_CHECKING:
    import polars as pl

Row = dict[str, Any]

LARGEST_JSON_BYTES = 256 << 20
_FORMATS = "the columns of serving points as CSV or Parquet, or JSON of `vllm bench serve`, GuideLLM or AIPerf"

_JSON = (".json", ".jsonl")
_CLOSED, _RATE, _BURST = "max concurrency (closed loop)", "request rate (Poisson)", "number of requests"


def read_measured(paths: Sequence[Path], given: Mapping[str, str]) -> pl.DataFrame:
    """Return the points of all files as one table; `given` fills columns that a file leaves open.

    Raises InputError when a file cannot be read or is of no known format.
    """
    import polars as pl

    rows: list[Row] = []
    for path in paths:
        found = _json_rows(path) if path.suffix.lower() in _JSON else read_table(path).to_dicts()
        rows += [_completed(row, given) for row in found]
    if not rows:
        return pl.DataFrame()
    names = list(dict.fromkeys(name for row in rows for name in row))
    return pl.DataFrame({name: [_plain(row.get(name)) for row in rows] for name in names}, strict=False)


def measured_table(paths: Sequence[Path], given: Mapping[str, str]) -> pl.DataFrame:
    """Return the points of all files: one table as it is, else what `read_measured` makes of them."""
    if len(paths) == 1 and not given and paths[0].suffix.lower() not in _JSON:
        return read_table(paths[0])
    return read_measured(paths, given)


def given_column(said: str) -> tuple[str, str]:
    """Return column and value of a text `COLUMN=VALUE`; raises InputError for another."""
    name, equals, value = said.partition("=")
    if not equals or not name.strip() or not value.strip():
        raise InputError(f"'{said}' is not COLUMN=VALUE", "--set", "Write accelerator=h100-sxm, for instance.")
    return name.strip(), value.strip()


def _completed(row: Row, given: Mapping[str, str]) -> Row:
    return row | {name: value for name, value in given.items() if not text(row.get(name))}


def _plain(value: Any) -> str | None:
    """Return a cell as text: files may differ in types, and points are read from text as well as from numbers."""
    return None if value is None or (isinstance(value, float) and math.isnan(value)) else str(value)


def _json_rows(path: Path) -> list[Row]:
    contents = read_text_file(path, f"a file ({_FORMATS})", most_bytes=LARGEST_JSON_BYTES)
    try:
        documents = [json.loads(contents)]
    except ValueError:
        try:  # vLLM's --append-result: one object per line
            documents = [json.loads(line) for line in contents.splitlines() if line.strip()]
        except ValueError as error:
            raise InputError(f"this is no JSON: {error}", str(path), f"Give {_FORMATS}.") from None
    rows: list[Row] = []
    for document in documents:
        if isinstance(document, dict) and "mean_ttft_ms" in document and "completed" in document:
            rows.append(vllm_row(document))
        elif isinstance(document, dict) and isinstance(document.get("benchmarks"), list):
            model = text(_inside(document, "args").get("model"))
            rows += [guidellm_row(each, model) for each in document["benchmarks"] if isinstance(each, dict)]
        elif isinstance(document, dict) and isinstance(document.get("time_to_first_token"), dict):
            rows.append(aiperf_row(document))
        elif isinstance(document, dict) and document.get("kind") == "millwright-calibration":
            raise InputError("this is a calibration, not points", str(path), "Give it to --calibration.")
        else:
            raise InputError("this JSON is of no benchmark known here", str(path), f"Give {_FORMATS}.")
    return rows


def _inside(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return the object that a document holds under `name`, an empty one where it holds none."""
    found = document.get(name)
    return found if isinstance(found, dict) else {}


def vllm_row(document: Mapping[str, Any]) -> Row:
    """Return the row of one result of `vllm bench serve`; what was passed as `--metadata` stays a column."""
    row: Row = {name: value for name, value in document.items() if isinstance(value, str)}
    completed = number(document.get("completed")) or math.nan
    level, rate = number(document.get("max_concurrency")), number(document.get("request_rate"))
    date = text(document.get("date"))
    inputs, outputs = number(document.get("total_input_tokens")), number(document.get("total_output_tokens"))
    row |= {
        "model": text(row.get("model")) or text(document.get("model_id")),
        "engine": text(row.get("engine")) or "vllm",
        "date": f"{date[:4]}-{date[4:6]}-{date[6:8]}" if date[:8].isdigit() else date,
        "isl": None if inputs is None else inputs / completed,
        "osl": None if outputs is None else outputs / completed,
        "ttft_ms_mean": number(document.get("mean_ttft_ms")),
        "tpot_ms_mean": number(document.get("mean_tpot_ms")),
        "output_tok_s_total": number(document.get("output_throughput")),
    }
    if rate is not None and math.isfinite(rate):
        return row | {"load_kind": _RATE, "concurrency_or_rate": rate}
    if level is not None:
        return row | {"load_kind": _CLOSED, "concurrency_or_rate": level}
    return row | {"load_kind": _BURST, "concurrency_or_rate": number(document.get("num_prompts"))}


def guidellm_row(benchmark: Mapping[str, Any], model: str = "") -> Row:
    """Return the row of one benchmark of a GuideLLM report: its means over successful requests.

    `model` is the one that the report asked for; older reports say it of each benchmark's worker.

    The concurrency is the measured mean, whatever strategy led to it. Throughput is left out: GuideLLM's is a mean over
    time slices, not tokens over time.
    """
    metrics = benchmark.get("metrics") or {}

    def mean(name: str) -> float | None:
        return number(((metrics.get(name) or {}).get("successful") or {}).get("mean"))

    ttft, outputs = mean("time_to_first_token_ms"), mean("output_token_count")
    tpot, with_first = mean("inter_token_latency_ms"), mean("time_per_output_token_ms")
    if tpot is None and None not in (with_first, ttft, outputs):
        tpot = tpot_after_first(float(with_first or 0.0), float(ttft or 0.0), float(outputs or 0.0))
    return {
        "model": text(_inside(benchmark, "worker").get("backend_model")) or model or None,
        "isl": mean("prompt_token_count"),
        "osl": outputs,
        "ttft_ms_mean": ttft,
        "tpot_ms_mean": tpot,
        "load_kind": _CLOSED,
        "concurrency_or_rate": mean("request_concurrency"),
    }


def tpot_after_first(tpot_ms: float, ttft_ms: float, output_tokens: float) -> float | None:
    """Return TPOT [ms] without the first token, from one that is the whole request's time over all its tokens."""
    if output_tokens <= 1.0:
        return None
    return (tpot_ms * output_tokens - ttft_ms) / (output_tokens - 1.0)


def aiperf_row(document: Mapping[str, Any]) -> Row:
    """Return the row of an AIPerf summary; without a stated load it has none and is taken as the default."""

    def average(name: str) -> float | None:
        metric = document.get(name)
        if not isinstance(metric, dict):
            return None
        value = number(metric.get("avg"))
        return value * 1e3 if value is not None and metric.get("unit") in ("s", "sec", "seconds") else value

    config = document.get("input_config") or {}
    load = config.get("loadgen") or {}
    names = (config.get("endpoint") or {}).get("model_names") or [None]
    rate, level = number(load.get("request_rate")), number(load.get("concurrency"))
    requests = average("request_count")
    inputs = average("input_sequence_length")
    total = average("total_isl")
    if inputs is None and total is not None and requests:
        inputs = total / requests
    row: Row = {
        "model": names[0],
        "isl": inputs,
        "osl": average("output_sequence_length"),
        "ttft_ms_mean": average("time_to_first_token"),
        "tpot_ms_mean": average("inter_token_latency"),
        "output_tok_s_total": average("output_token_throughput"),
        "date": text(document.get("start_time"))[:10] or None,
    }
    if rate is not None:
        return row | {"load_kind": _RATE, "concurrency_or_rate": rate}
    return row | {"load_kind": _CLOSED, "concurrency_or_rate": level}
