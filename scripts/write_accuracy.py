"""Write docs/accuracy.md from the reports that the fitting scripts left beside the coefficients.

python scripts/write_accuracy.py        (after scripts/fit_operators.py, fit_engines.py, fit_power.py)
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent
DATA = REPOSITORY / "src" / "millwright" / "perf" / "data"
OUT = REPOSITORY / "docs" / "accuracy.md"

SCHEMES = {"config": "known cells", "cell": "unseen cells", "model": "unseen models", "device": "unseen accelerators"}
GOALS = {
    "TPOT, median absolute error": ("", "≤ 4 %", "≤ 10 %", "≤ 6 %"),
    "throughput, median": ("", "≤ 4 %", "≤ 10 %", "≤ 6 %"),
    "mean TTFT, median": ("", "≤ 12 %", "≤ 20 %", "≤ 20 %"),
    "inside the 80 % interval (TPOT)": ("", "72–88 %", "72–88 %", "72–90 %"),
    "TPOT interval, median high/low": ("", "≤ 1.35", "≤ 1.7", "≤ 1.7"),
    "answered": ("", "100 %", "100 %", "100 %"),
}
INTRODUCTION = """\
Made by `python scripts/write_accuracy.py` from the reports of `scripts/fit_operators.py`, `fit_engines.py` and
`fit_power.py`, which fit to the measured points in `../shared/data`. Every figure here is of points left out of every
step of the fit, in whole groups: configurations (one device, model, engine, format, parallel degree and lengths), cells
(device × model), models, devices. Errors are medians of |predicted / measured − 1|. Intervals are quantiles of the same
left-out errors by novelty and sort of point, so their coverage is what it is set to; taken from one half of the groups
and judged on the other it is given below."""

PEERS = """\
Other programs on their own held-out points: AIConfigurator 0.12 (constants tuned) TPOT 7.7 % and TTFT 44 % on unseen
cells, 18 % and 42 % on unseen models, 16 % and 61 % on unseen accelerators, of which it has operator tables; AISimulate
TPOT 7.5 % on dense vLLM points; BLIS with defaults about 50 %. Rerunning the same configuration: TPOT and throughput
0.6 %, TTFT 4 %. Leaving a device out takes up to half of all points away here, and MI355X all but one AMD device."""

NAMES = {"ttft_ms_mean": "mean TTFT", "tpot_ms_mean": "TPOT", "output_tok_s_total": "throughput"}


def percent(value: float) -> str:
    return f"{100 * value:.1f} %"


def value_of(cells: Mapping[str, Any], line: str) -> str:
    tpot, ttft, rate = (cells.get(name) for name in ("tpot_ms_mean", "ttft_ms_mean", "output_tok_s_total"))
    if line.startswith("TPOT, median"):
        return percent(tpot["median_abs_error"]) if tpot else "–"
    if line.startswith("throughput"):
        return percent(rate["median_abs_error"]) if rate else "–"
    if line.startswith("mean TTFT"):
        return percent(ttft["median_abs_error"]) if ttft else "–"
    if line.startswith("inside"):
        return f"{100 * tpot['inside_80']:.0f} %" if tpot else "–"
    if line.startswith("TPOT interval"):
        return f"{tpot['width']:.2f}" if tpot else "–"
    return "100 %"


def headline(report: Mapping[str, Any], part: str) -> list[str]:
    lines = ["| | " + " | ".join(SCHEMES.values()) + " |", "|---" * (len(SCHEMES) + 1) + "|"]
    for line, goals in GOALS.items():
        cells = []
        for goal, scheme in zip(goals, SCHEMES, strict=True):
            found = value_of(report[scheme][part], line)
            cells.append(f"{found} (goal {goal})" if goal and part == "joint" else found)
        lines.append(f"| {line} | " + " | ".join(cells) + " |")
    return lines


def breakdown(tables: Mapping[str, Any]) -> list[str]:
    lines: list[str] = []
    for column, groups in tables.items():
        lines += ["", f"### By {column}", "", "| " + column + " | points | TPOT | bias | TTFT | throughput | in 80 % |"]
        lines.append("|---|---:|---:|---:|---:|---:|---:|")
        for name, cells in sorted(groups.items(), key=lambda item: -_points(item[1])):
            tpot = cells.get("tpot_ms_mean")
            if tpot is None:
                continue
            rate = cells.get("output_tok_s_total")
            lines.append(
                f"| {name} | {tpot['points']} | {percent(tpot['median_abs_error'])} | {100 * tpot['bias']:+.1f} % | "
                f"{percent(cells['ttft_ms_mean']['median_abs_error'])} | "
                f"{percent(rate['median_abs_error']) if rate else '–'} | {100 * tpot['inside_80']:.0f} % |"
            )
    return lines


def _points(cells: Mapping[str, Any]) -> int:
    return int(cells.get("tpot_ms_mean", {}).get("points", 0))


def reason(row: Mapping[str, Any]) -> str:
    """Return the likeliest reason that a row is far off, from what it is."""
    ratio = row["predicted_ms"] / row["measured_ms"]
    if row["rig"] == "nominal":
        return "the vendor's own run, whose protocol is not told; such runs scatter 0.2 to 17 times the floor"
    if "mi3" in row["accelerator"].lower() or "instinct" in row["accelerator"].lower():
        return "left out, one other AMD device is all that is left to learn from"
    if ratio > 1:
        return "faster than others of its engine: kernels tuned for this model that no other measured point shows"
    return "slower than others of its engine: an early or untuned path for this model and format"


def main() -> None:
    report = json.loads((DATA / "fit_report.json").read_text())["schemes"]
    operators = json.loads((DATA / "operators.json").read_text())["groups"]
    energy = json.loads((DATA / "power.json").read_text())["report"]
    lines = [
        "# How accurate the predictions are",
        "",
        *INTRODUCTION.splitlines(),
        "",
        "## Closed loops on one deployment",
        "",
        *headline(report, "joint"),
        "",
        "## With disaggregated, saturated and offline points",
        "",
        *headline(report, "all"),
        "",
        "Coverage of the 80 % interval when one half of the groups judges the other (TPOT, TTFT, throughput):",
        "",
    ]
    for scheme, name in SCHEMES.items():
        halves = report[scheme]["coverage_from_other_half"]
        shown = "; ".join(
            ", ".join(f"{NAMES[metric]} {100 * share:.0f} %" for metric, share in sorted(half.items(), reverse=True))
            for half in halves
        )
        lines.append(f"- {name}: {shown}")
    lines += [
        "",
        *PEERS.splitlines(),
        "",
        "## Unseen cells in detail",
        *breakdown(report["cell"]["by"]),
        "",
        "### By source, all kinds of load",
        "",
        "| source | points | metric | median | bias |",
        "|---|---:|---|---:|---:|",
    ]
    for part, cells in report["cell"]["by_part"].items():
        for metric, cell in cells.items():
            lines.append(
                f"| {part} | {cell['points']} | {NAMES[metric]} | {percent(cell['median_abs_error'])} | "
                f"{100 * cell['bias']:+.1f} % |"
            )
    lines += ["", "### The twenty worst", "", "One point per device, model and engine, cell left out.", ""]
    lines += ["| point | what | measured | predicted | why, most likely |", "|---|---|---:|---:|---|"]
    for row in report["cell"]["worst"]:
        what = f"{row['accelerator']}, {row['model']}, {row['engine']}, tp {row['tp']}, load {row['level']:g}"
        lines.append(f"| {row['row']} | {what} | {row['measured_ms']} ms | {row['predicted_ms']} ms | {reason(row)} |")
    lines += [
        "",
        "## Operators",
        "",
        "Curves fitted to operator tables: error of the fit, and of a device left out",
        "",
    ]
    lines += ["| operator | curves | median error | left out: error of shares (log) |", "|---|---:|---:|---|"]
    for name, group in operators.items():
        errors = sorted(curve["median_abs_error"] for curve in group["curves"].values())
        left = ", ".join(f"{key} {value}" for key, value in group["left_out_log_error"].items())
        lines.append(f"| {name} | {len(errors)} | {percent(errors[len(errors) // 2])} | {left} |")
    lines += [
        "",
        "## Energy",
        "",
        "Power of ML.ENERGY's points with whole models left out: median error "
        f"{percent(energy['power_median_abs_error_models_left_out'])}; J/token with that power and predicted",
        f"throughput (whose fit has seen these points): {percent(energy['energy_median_abs_error_power_left_out'])}.",
        "",
    ]
    OUT.write_text("\n".join(lines))


if __name__ == "__main__":
    main()
