"""Fit the traffic profiles and the day-night shape to public traces, and write them with the quality of the fit.

Lengths: twenty-five quantiles, so chosen that the mean of the fit is the mean of the trace. Arrivals: a two-state
Markov-modulated Poisson process, its index of dispersion fitted over windows of 1 s to 5 min, its share of burst time
fitted to the spread of counts in windows of 10 s. Day-night shape: the median over fourteen days of one service.

    python scripts/fit_profiles.py [--check]

reads the traces at ../shared/data/traces (or MILLWRIGHT_SHARED_DATA/traces) and writes
src/millwright/traffic/data/profiles.json and the fitted part of shapes.json; --check only compares.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.stats import poisson

from millwright.traffic.arrivals import Bursts
from millwright.traffic.lengths import Quantiles

REPOSITORY = Path(__file__).resolve().parent.parent
TRACES = Path(os.environ.get("MILLWRIGHT_SHARED_DATA", REPOSITORY.parent / "shared" / "data")) / "traces"
DATA = REPOSITORY / "src" / "millwright" / "traffic" / "data"

KNOTS = (
    0,
    0.01,
    0.02,
    0.05,
    0.1,
    0.15,
    0.2,
    0.25,
    0.3,
    0.35,
    0.4,
    0.45,
    0.5,
    0.55,
    0.6,
    0.65,
    0.7,
    0.75,
    0.8,
    0.85,
    0.9,
    0.95,
    0.98,
    0.99,
    1,
)
WINDOWS_S = (1, 2, 5, 10, 20, 30, 60, 120, 300)

PROFILES = (
    {
        "name": "conversation",
        "title": "Chat with people",
        "file": "azure_2023_conv.parquet",
        "first_window_s": 1,
        "source": "Azure LLM trace 2023, conversation (AzurePublicDataset, b469a11), 19,366 requests, one hour",
        "licence": "CC-BY-4.0",
        "shape": {"name": "day-night", "note": "assumed: people chat by day and in the evening"},
    },
    {
        "name": "code",
        "title": "Completion of source code",
        "file": "azure_2023_code.parquet",
        "first_window_s": 1,
        "source": "Azure LLM trace 2023, code (AzurePublicDataset, b469a11), 8,819 requests of one hour",
        "licence": "CC-BY-4.0",
        "shape": {"name": "office-hours", "note": "assumed: developers at work"},
    },
    {
        "name": "long-context",
        "title": "Chat over long documents",
        "file": "mooncake_fast25_conversation.parquet",
        "first_window_s": 10,  # its time stamps are rounded to 3 s, so that shorter windows say nothing
        "source": "Mooncake FAST'25 conversation trace (kvcache-ai/Mooncake, 3b5a594), 12,031 requests of one hour",
        "licence": "Apache-2.0",
        "shape": {"name": "day-night", "note": "assumed: people chat by day and in the evening"},
    },
    {
        "name": "summarisation",
        "title": "Summaries of papers",
        "file": "vidur_arxiv_summarization_lengths.parquet",
        "first_window_s": None,  # lengths only
        "source": "arXiv summarisation lengths with the Llama 2 tokeniser (microsoft/vidur, 7d47513), 28,257 papers",
        "licence": "MIT",
        "shape": {"name": "flat", "note": "assumed: a job that a machine feeds"},
    },
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare with the files instead of writing them")
    check = parser.parse_args().check
    texts = {
        DATA / "profiles.json": _as_text("profiles", [_profile(each) for each in PROFILES]),
        DATA / "shapes.json": _as_text("shapes", [FLAT, day_night(), OFFICE_HOURS]),
    }
    stale = [path for path, text in texts.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if not check:
        for path, text in texts.items():
            path.write_text(text, encoding="utf-8")
    elif stale:
        sys.stderr.write(f"not as fitted: {', '.join(path.name for path in stale)}\n")
    return 1 if check and stale else 0


def _as_text(kind: str, entries: list[dict[str, Any]]) -> str:
    """Return JSON with one line per field of an entry."""
    blocks = []
    for entry in entries:
        fields = [f"   {json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}" for key, value in entry.items()]
        blocks.append("  {\n" + ",\n".join(fields) + "\n  }")
    return f'{{\n "made_by": "scripts/fit_profiles.py",\n "{kind}": [\n' + ",\n".join(blocks) + "\n ]\n}\n"


def _profile(plan: dict[str, Any]) -> dict[str, Any]:
    trace = pl.read_parquet(TRACES / plan["file"])
    lengths = {part: _fit_lengths(trace[f"{part}_tokens"].to_numpy()) for part in ("input", "output")}
    arrivals: dict[str, Any] = {"kind": "poisson", "note": "assumed: the source has no arrival times"}
    if plan["first_window_s"]:
        arrivals = _fit_bursts(np.sort(trace["arrival_s"].to_numpy()), plan["first_window_s"])
    for part, fit in lengths.items():
        print(f"{plan['name']:14} {part:6} {fit['note']}")
    print(f"{plan['name']:14} {arrivals['note']}")
    return {
        "name": plan["name"],
        "title": plan["title"],
        "source": plan["source"],
        "licence": plan["licence"],
        **lengths,
        "arrivals": arrivals,
        "shape": plan["shape"],
    }


def _fit_lengths(observed: NDArray[np.int32]) -> dict[str, Any]:
    """Return quantiles whose mean is the observed one: the lengths above the median are scaled by a common factor."""
    at_knots = np.maximum(np.quantile(observed, KNOTS), 1.0)
    low, high = 0.5, 2.0
    for _ in range(60):
        factor = math.sqrt(low * high)
        fitted = Quantiles(tuple(map(float, KNOTS)), tuple(_scaled(at_knots, factor)))
        low, high = (factor, high) if fitted.mean_tokens < observed.mean() else (low, factor)
    tokens = tuple(round(float(each), 1) for each in fitted.tokens)
    fitted = Quantiles(fitted.probabilities, tokens)
    ordered = np.sort(observed)
    share = np.interp(np.log(ordered), np.log(np.maximum.accumulate(fitted.tokens)), fitted.probabilities)
    below, upto = np.searchsorted(ordered, ordered, "left"), np.searchsorted(ordered, ordered, "right")
    distance = max(np.max(share - upto / len(ordered)), np.max(below / len(ordered) - share))
    note = f"{len(KNOTS)} fitted quantiles, the distribution function nowhere more than {distance:.3f} off"
    return {"probabilities": list(fitted.probabilities), "tokens": list(tokens), "note": note}


def _scaled(at_knots: NDArray[np.float64], factor: float) -> NDArray[np.float64]:
    weights = np.clip((np.array(KNOTS) - 0.5) / 0.5, 0.0, 1.0)
    return np.maximum.accumulate(at_knots * factor**weights)


def _counts(arrival_s: NDArray[np.float64], window_s: float) -> NDArray[np.int64]:
    return np.histogram(arrival_s, bins=np.arange(0.0, arrival_s[-1], window_s))[0]


def _fit_bursts(arrival_s: NDArray[np.float64], first_window_s: float) -> dict[str, Any]:
    rate = len(arrival_s) / arrival_s[-1]
    windows = [window for window in WINDOWS_S if window >= first_window_s]
    observed = {window: _counts(arrival_s, window) for window in windows}
    dispersion = {window: counts.var() / counts.mean() for window, counts in observed.items()}
    ten_s = observed[10]

    def process(parameters: NDArray[np.float64]) -> Bursts:
        ratio, burst_s, calm_s = np.exp(parameters)
        return Bursts(1.0 + float(ratio), float(burst_s), float(calm_s))

    def misfit(parameters: NDArray[np.float64]) -> float:
        bursts = process(parameters)
        ratios = [bursts.index_of_dispersion(rate, window) / dispersion[window] for window in windows]
        calm = rate / (1.0 + bursts.burst_share * (bursts.ratio - 1.0)) * 10.0
        likelihood = bursts.burst_share * poisson.pmf(ten_s, calm * bursts.ratio)
        likelihood += (1.0 - bursts.burst_share) * poisson.pmf(ten_s, calm)
        unlikely = -np.mean(np.log(likelihood + 1e-9))
        return float(np.mean(np.log(ratios) ** 2) + 0.1 * unlikely + 1e-4 * np.sum(parameters**2))

    starts = [
        (math.log(a), math.log(b), math.log(c)) for a in (1, 10, 50) for b in (2, 20, 100) for c in (10, 100, 500)
    ]
    best = min((minimize(misfit, start, method="Nelder-Mead") for start in starts), key=lambda found: found.fun)
    bursts = process(best.x)
    rounded = Bursts(round(bursts.ratio, 2), round(bursts.burst_s, 1), round(bursts.calm_s, 1))
    compared = ", ".join(
        f"{window} s {rounded.index_of_dispersion(rate, window):.2g}/{dispersion[window]:.2g}"
        for window in windows
        if window in (1, 10, 60, 300)
    )
    return {
        "kind": "bursts",
        "ratio": rounded.ratio,
        "burst_s": rounded.burst_s,
        "calm_s": rounded.calm_s,
        "note": f"fitted; variance over mean of counts, fit/trace: {compared}",
    }


FLAT = {
    "name": "flat",
    "title": "The same at every hour",
    "source": "a constant",
    "basis": "assumed",
    "weights": [1.0] * 24,
}

OFFICE_HOURS = {
    "name": "office-hours",
    "title": "Monday to Friday by day, little else",
    "source": "assumed: rises from 7 to 10, dips at noon, falls from 16 to 20; 3 % at night, 5 % at the weekend",
    "basis": "assumed",
    "weights": [
        *([3, 3, 3, 3, 3, 3, 5, 20, 60, 90, 100, 95, 70, 85, 100, 95, 80, 50, 25, 12, 8, 5, 4, 3] * 5),
        *([3, 3, 3, 3, 3, 3, 3, 4, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 4, 4, 3, 3] * 2),
    ],
}


def day_night() -> dict[str, Any]:
    """Return the hourly shape of a day: the median, over fourteen days, of one service's hours in its day's mean."""
    rates = (
        pl.read_parquet(TRACES / "servegen_client_rates.parquet")
        .filter((pl.col("category") == "language") & (pl.col("model") == "m-small"))
        .group_by((pl.col("window_start_s") // 3600).alias("hour"))
        .agg(pl.col("rate_rps").sum())
        .sort("hour")["rate_rps"]
        .to_numpy()
        .reshape(-1, 24)
    )
    relative = rates / rates.mean(axis=1, keepdims=True)
    hours = np.median(relative, axis=0)
    return {
        "name": "day-night",
        "title": "A public service: quiet before dawn, busiest in the evening",
        "source": "fitted: median of 14 days of the m-small service in ServeGen (f891d11, Apache-2.0)",
        "basis": "fitted",
        "weights": [round(float(each), 3) for each in hours / hours.mean()],
    }


if __name__ == "__main__":
    raise SystemExit(main())
