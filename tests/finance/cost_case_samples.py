"""Cases that the finance tests share, and a reader of ledger formulas that knows nothing of the code under test."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
from hypothesis import strategies as st

from millwright.finance.case import (
    ApiTokens,
    Colocation,
    CostCase,
    CostItem,
    Credit,
    Demand,
    Energy,
    Financing,
    Fixed,
    OwnedHosts,
    PerMtok,
    PerUnit,
    Rented,
    Staff,
)
from millwright.finance.ledger import Line

DEMAND = Demand(input_tokens=1e9, output_tokens=2e8, requests=5e5)


def case_of(*items: CostItem, months: int = 12, rate: float = 0.0, **more: Any) -> CostCase:
    return CostCase("sample", "EUR", months, rate, more.pop("demand", DEMAND), items, **more)


def money(low: float = 0.0, high: float = 1e6) -> st.SearchStrategy[float]:
    return st.floats(low, high).filter(lambda x: x == 0.0 or x > 1e-3)


def shares(low: float = 0.0, high: float = 1.0) -> st.SearchStrategy[float]:
    return st.floats(low, high).map(lambda x: round(x, 4))


@st.composite
def hosts_items(draw: st.DrawFn, months: int) -> OwnedHosts:
    financing = draw(st.sampled_from(list(Financing)))
    credit = None
    if financing is not Financing.PURCHASE:
        credit = Credit(draw(shares(0, 0.2)), draw(st.integers(1, 72)), draw(shares(0, 0.5)), draw(shares(0, 0.4)))
    wanted = draw(
        st.one_of(st.integers(0, 5).map(float), st.lists(st.integers(0, 4), min_size=months, max_size=months))
    )
    return OwnedHosts(
        "hardware",
        "sample",
        hosts=wanted if isinstance(wanted, float) else np.array(wanted, dtype=float),
        price=draw(money()),
        life_months=draw(st.one_of(st.integers(1, 72).map(float), st.just(math.inf))),
        residual_share=draw(shares(-0.2, 0.8)),
        residual_age_months=draw(st.sampled_from([24.0, 48.0])),
        install=draw(money(0, 1e4)),
        duty_share=draw(shares(0, 0.1)),
        irrecoverable_vat_share=draw(shares(0, 0.25)),
        maintenance_share_per_y=draw(shares(0, 0.2)),
        decommission=draw(money(0, 1e3)),
        purchase_month=draw(st.integers(0, months)),
        price_drift_per_y=draw(shares(-0.3, 0.1)),
        escalation_per_y=draw(st.one_of(st.none(), shares(-0.05, 0.1))),
        financing=financing,
        credit=credit,
    )


@st.composite
def cases(draw: st.DrawFn) -> CostCase:
    """Any case of one to six items of any type, from 1 to 40 months."""
    months = draw(st.integers(1, 40))
    items: list[CostItem] = []
    kinds = draw(st.lists(st.integers(0, 8), min_size=1, max_size=6))
    for kind in kinds:
        escalation = draw(st.one_of(st.none(), shares(-0.1, 0.1)))
        if kind == 0:
            items.append(draw(hosts_items(months)))
        elif kind == 1:
            idle = draw(money(0, 3000))
            hourly = draw(st.booleans())
            week = np.linspace(0.0, 1.0, 168)
            items.append(
                Energy(
                    "energy",
                    "sample",
                    draw(money(0, 10)),
                    idle,
                    idle + draw(money(0, 8000)),
                    week if hourly else draw(shares()),
                    0.1 + week * 0.3 if hourly else draw(shares()),
                    draw(st.floats(1.0, 2.0)),
                    draw(money(0, 30)),
                    escalation,
                    utilisation_by_month=draw(st.one_of(st.none(), shares())),
                )
            )
        elif kind == 2:
            items.append(
                Colocation("facility", "sample", draw(money(0, 50)), draw(money(0, 300)), 2.0, 150.0, escalation)
            )
        elif kind == 3:
            items.append(
                Rented("rent", "sample", draw(money(0, 20)), draw(money(0, 100)), draw(money(0, 730)),
                       draw(money(0, 10)), draw(money(0, 50)), draw(money(0, 1e4)), draw(shares(-0.3, 0.1)))
            )  # fmt: skip
        elif kind == 4:
            items.append(
                ApiTokens("api tokens", "sample", draw(money(0, 15)), draw(money(0, 75)), draw(money(0, 2)),
                          draw(shares()), draw(shares()), 0.5, draw(shares(-0.5, 0.1)), draw(shares()))
            )  # fmt: skip
        elif kind == 5:
            items.append(Staff("staff", "sample", draw(money(0, 9)), draw(money(0, 2e5)), draw(shares(0, 5)),
                               0.15, 0.5, escalation))  # fmt: skip
        elif kind == 6:
            items.append(PerUnit("licences", "sample", draw(money(0, 64)), draw(money(0, 500))))
        elif kind == 7:
            items.append(PerMtok("egress", "sample", draw(money(0, 3)), draw(shares()), draw(shares(-0.2, 0.2))))
        else:
            items.append(Fixed("training", "sample", draw(money(0, 1e5)), draw(money(0, 1e4)), draw(money(0, 1e4)),
                               escalation))  # fmt: skip
    demand = Demand(draw(money(1e6, 1e10)), draw(money(1e6, 1e10)), draw(money(1e3, 1e7)))
    return CostCase("any", "EUR", months, draw(shares(-0.05, 0.3)), demand, tuple(items), draw(shares(-0.02, 0.15)))


def worked_out(line: Line, t: int, horizon: int) -> float:
    """Work out the formula of `line` at point `t`, as a spreadsheet would."""
    row = {x.name: x.value for x in line.inputs}
    cell = {name: (value[t] if np.ndim(value) else value) for name, value in row.items()}
    common = {"t": t, "horizon": horizon, "IF": lambda a, b, c: b if a else c, "MAX": max, "ABS": abs}
    formula = line.formula
    while "SUMPRODUCT(" in formula:
        start = formula.index("SUMPRODUCT(")
        end, depth = start + len("SUMPRODUCT("), 1
        while depth:
            depth += {"(": 1, ")": -1}.get(formula[end], 0)
            end += 1
        rows = {**common, "IF": np.where, **row, "s": np.arange(horizon + 1)}
        product = _evaluate(formula[start + len("SUMPRODUCT(") : end - 1], rows)
        formula = f"{formula[:start]}({float(np.sum(product))!r}){formula[end:]}"
    return float(_evaluate(formula, {**common, **cell}))


def _evaluate(formula: str, names: dict[str, Any]) -> Any:
    python = re.sub(r"(?<![<>=])=(?!=)", "==", formula.replace("^", "**"))
    with np.errstate(all="ignore"):
        lifted = {name: np.float64(x) if isinstance(x, int | float) else x for name, x in names.items()}
        return eval(python, {"__builtins__": {}, "inf": math.inf, "nan": math.nan}, lifted)
