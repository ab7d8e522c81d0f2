"""The result of a cost case as plain values for JSON, and the explanation of any figure down to its sources."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from millwright.errors import InputError
from millwright.finance.discounting import FloatArray, discount_factors, present_value
from millwright.finance.figures import CostFigures
from millwright.finance.ledger import Input, Line
from millwright.finance.presets import preset_names, read_preset, reproduce, steps
from millwright.finance.pricing import PricedFile, PricedOption

FORMAT = "millwright-cost/1"

FIGURES: Mapping[str, tuple[str, str, str]] = {
    "lcot": ("lcot_per_mtok", "{currency}/Mtok", "PV(cost) / PV(tokens) · 10^6, both at the nominal discount rate"),
    "lcot_real": (
        "lcot_real_per_mtok",
        "{currency}/Mtok",
        "PV(cost) at the nominal rate / PV(tokens) at the real rate (1 + nominal)/(1 + inflation) − 1, · 10^6",
    ),
    "lcot_input": (
        "lcot_input_per_mtok",
        "{currency}/Mtok",
        "PV(cost) / (PV(input) + w·PV(output)) · 10^6; w input tokens are worth one output token",
    ),
    "lcot_output": ("lcot_output_per_mtok", "{currency}/Mtok", "w · lcot_input"),
    "lcot_usage": (
        "lcot_usage_per_mtok",
        "{currency}/Mtok",
        "PV(cost) / PV(capacity) · 10^6: as if the machines were always full; not to be compared with an API price",
    ),
    "npv": ("npv", "{currency}", "−Σ_t cost_t/(1 + r)^(t/12)"),
    "npv_cost": ("npv_cost", "{currency}", "Σ_t cost_t/(1 + r)^(t/12)"),
    "total_cost": ("total_cost", "{currency}", "Σ_t cost_t"),
    "cost_per_request": ("cost_per_request", "{currency}/request", "PV(cost) / PV(requests)"),
    "cost_per_user_month": ("cost_per_user_month", "{currency}/user/month", "PV(cost) / PV(users)"),
    "cash_peak": ("cash_peak", "{currency}", "max_t cost_t"),
    "funding_peak": ("funding_peak", "{currency}", "max_t Σ_{s ≤ t} cost_s"),
}
"""Name → attribute of CostFigures, unit, formula."""


def account(priced: PricedFile, *, ledger: bool = True) -> dict[str, Any]:
    """Return the whole result as values that JSON can hold (no NaN, no infinity)."""
    file, found = priced.file, priced.comparison
    document = {
        "format": FORMAT,
        "case": file.name,
        "currency": file.currency,
        "start": file.start,
        "horizon_months": file.horizon_months,
        "draws": len(found.u),
        "ranking": [option.name for option in priced.ranked],
        "options": {option.name: _option(option, priced, ledger) for option in priced.options},
        "break_even": [asdict(entry) for entry in priced.break_evens],
        "odds": {
            "probability_best": found.probability_best,
            "expected_regret": found.expected_regret,
            "regret_matrix": {"options": list(found.options), "rows": found.regret_matrix},
            "value_of_perfect_information": found.value_of_perfect_information,
            "value_of_knowing": found.value_of_knowing,
        },
        "sensitivity": {
            "of": None if priced.rivals is None else f"LCOT of '{priced.rivals[0]}' less that of '{priced.rivals[1]}'",
            "sobol": [asdict(entry) for entry in priced.sensitivities],
            "tornado": {name: [asdict(swing) for swing in swings] for name, swings in priced.swings.items()},
        },
        "futures": [
            {
                "name": entry.future.name,
                "says": entry.future.says,
                "source": entry.future.source,
                "lcot_per_mtok": entry.lcot_per_mtok,
                "npv_cost": entry.npv_cost,
                "regret": entry.regret,
                "best": entry.best,
            }
            for entry in priced.futures
        ],
        "inputs": [
            {
                "name": entry.name,
                "distribution": {type(entry.distribution).__name__.lower(): vars(entry.distribution)},
                "p10": entry.quantile(0.1),
                "p50": entry.median,
                "p90": entry.quantile(0.9),
                "unit": entry.unit,
                "source": entry.source,
                "date": entry.date,
                "quality": entry.quality,
                "note": entry.note,
            }
            for entry in file.inputs
        ],
    }
    plain: dict[str, Any] = _plain(document)
    return plain


def _option(option: PricedOption, priced: PricedFile, ledger: bool) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "lcot_per_mtok": asdict(option.lcot),
        "npv_cost": asdict(option.cost),
        "figures": _figures(option.figures),
        "after_tax": None if option.after_tax is None else _figures(option.after_tax),
        "carbon": asdict(option.carbon),
        "probability_best": priced.comparison.probability_best[option.name],
    }
    if ledger:
        entry["cash_flow"] = option.flow.total
        entry["ledger"] = [_leaf(line, option) for line in option.flow.lines]
    return entry


def _figures(figures: CostFigures) -> dict[str, Any]:
    values = {name: getattr(figures, attribute) for name, (attribute, _, _) in FIGURES.items()}
    tables = ("tokens_mtok", "cash_peak_month", "by_year", "by_cause", "npv_by_cause", "by_year_and_cause")
    return {**values, **{name: getattr(figures, name) for name in tables}}


def _leaf(line: Line, option: PricedOption) -> dict[str, Any]:
    amounts = np.broadcast_to(line.amounts, option.flow.total.shape)
    return {
        "cause": line.cause,
        "part": line.part,
        "kind": str(line.kind),
        "total": float(amounts.sum()),
        "present_value": present_value(amounts, _factors(option)),
        "formula": line.formula,
        "inputs": [{"name": x.name, "value": x.value, "unit": x.unit} for x in line.inputs],
        "source": line.source,
        "date": line.date,
    }


def _factors(option: PricedOption) -> FloatArray:
    return discount_factors(option.case.nominal_discount_rate_per_y, option.case.horizon_months)


def _plain(value: Any) -> Any:
    """Return `value` with arrays as lists, and None for what is not finite."""
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


@dataclass(frozen=True)
class Explanation:
    """Where a figure of one option comes from: its value, its formula, and the lines it adds up."""

    option: str
    figure: str
    value: float | None
    unit: str
    formula: str
    terms: Mapping[str, float]
    lines: tuple[tuple[Line, float], ...]


def explain(priced: PricedFile, figure: str, option: str) -> Explanation:
    """Return the explanation of `figure` (a name of FIGURES, or a cause). Raises InputError on an unknown name."""
    [entry] = [each for each in priced.options if each.name == option]
    wanted = figure.strip().lower().replace("-", "_").replace(" ", "_")
    currency = priced.file.currency
    causes = {cause.lower().replace(" ", "_"): cause for cause in entry.figures.by_cause}
    factors = _factors(entry)
    weighed = [
        (line, float(present_value(np.broadcast_to(line.amounts, entry.flow.total.shape), factors)))
        for line in entry.flow.lines
    ]
    if wanted in FIGURES:
        attribute, unit, formula = FIGURES[wanted]
        value = getattr(entry.figures, attribute)
        return Explanation(
            option,
            wanted,
            None if value is None else float(value),
            unit.format(currency=currency),
            formula,
            _terms(entry),
            tuple(weighed),
        )
    if wanted in causes:
        cause = causes[wanted]
        lines = tuple((line, worth) for line, worth in weighed if line.cause == cause)
        value = float(entry.figures.npv_by_cause[cause])
        return Explanation(option, cause, value, currency, "Σ of the present values of its lines", {}, lines)
    raise InputError(
        f"'{figure}' is no figure of '{option}'",
        remedy=f"Ask for one of {', '.join(FIGURES)}, or for a cause: {', '.join(causes.values())}.",
    )


def _terms(option: PricedOption) -> dict[str, float]:
    case, figures = option.case, option.figures
    tokens = float(figures.npv_cost) / float(figures.lcot_per_mtok) if float(figures.lcot_per_mtok) != 0.0 else 0.0
    return {
        f"PV(cost) [{case.currency}]": float(figures.npv_cost),
        "PV(tokens) [Mtok]": tokens,
        "discount rate r [1/y]": float(np.squeeze(case.nominal_discount_rate_per_y)),
        "inflation [1/y]": float(np.squeeze(case.inflation_per_y)),
        "output token weight w [-]": float(np.squeeze(case.output_token_weight)),
        "horizon T [month]": float(case.horizon_months),
    }


def shown_input(entry: Input) -> str:
    """Return an input as a reader sees it: a number, or the range of a series."""
    value = np.asarray(entry.value, dtype=float)
    if not entry.is_series:
        return f"{entry.name} = {_number(float(np.squeeze(value)))} {entry.unit}"
    used = value[value != 0.0]
    if used.size == 0:
        return f"{entry.name} = 0 {entry.unit} throughout"
    low, high = _number(float(used.min())), _number(float(used.max()))
    span = low if low == high else f"{low} … {high}"
    return f"{entry.name} = {span} {entry.unit} in {used.size} of {value.size} points"


def _number(value: float) -> str:
    if not math.isfinite(value):
        return "unlimited"
    return f"{value:,.0f}" if abs(value) >= 1e4 else f"{value:,.6g}"


def explanation_account(found: Explanation) -> dict[str, Any]:
    """Return an explanation as values for JSON."""
    return {
        "option": found.option,
        "figure": found.figure,
        "value": found.value,
        "unit": found.unit,
        "formula": found.formula,
        "terms": dict(found.terms),
        "lines": [
            {"cause": line.cause, "part": line.part, "present_value": worth, "formula": line.formula}
            for line, worth in found.lines
        ],
    }


def studies_account() -> list[dict[str, Any]]:
    """Return the public studies as values for JSON: their figures beside ours, and what moves their answer."""
    return [
        {
            "name": preset.name,
            "title": preset.title,
            "url": preset.url,
            "date": preset.date,
            "scope": preset.scope,
            "finding": preset.finding,
            "reproduced": [
                {
                    "figure": found.published.figure,
                    "option": found.published.option,
                    "against": found.published.against or None,
                    "published": found.published.value,
                    "ours": found.ours,
                    "difference": found.difference,
                    "unit": found.published.unit,
                }
                for found in reproduce(preset)
            ],
            "steps": [
                {"says": step.says, "lcot_per_mtok": step.lcot_per_mtok, "break_even_months": step.break_even_months}
                for step in steps(preset)
            ],
        }
        for preset in map(read_preset, preset_names())
    ]
