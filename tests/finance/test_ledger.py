"""Every line's formula, worked out by an independent reader, gives the line's amounts."""

import numpy as np
import pytest
from cost_case_samples import case_of, cases, worked_out
from hypothesis import given, settings

from millwright.finance.case import CostCase, Energy, OwnedHosts
from millwright.finance.cash_flow import cash_flow
from millwright.finance.tax import MACRS_5, Tax, after_tax_flow


@given(cases())
@settings(max_examples=80, deadline=None)
def test_the_formula_of_every_line_gives_its_amounts(case: CostCase) -> None:
    for line in cash_flow(case).lines:
        amounts = np.broadcast_to(line.amounts, case.horizon_months + 1)
        by_formula = [worked_out(line, t, case.horizon_months) for t in range(case.horizon_months + 1)]
        scale = max(float(np.abs(amounts).max()), 1.0)
        assert by_formula == pytest.approx(amounts, rel=1e-9, abs=1e-9 * scale), (line.cause, line.part, line.formula)


@given(cases())
@settings(max_examples=60)
def test_the_leaves_sum_to_the_total(case: CostCase) -> None:
    flow = cash_flow(case)
    leaves = sum((np.broadcast_to(line.amounts, flow.total.shape) for line in flow.lines), np.zeros(flow.total.shape))
    scale = max((float(np.abs(line.amounts).max()) for line in flow.lines), default=0.0)
    assert leaves == pytest.approx(flow.total, abs=1e-9 * scale + 1e-12)
    assert sum(flow.by_cause.values(), np.zeros(flow.total.shape)) == pytest.approx(
        flow.total, abs=1e-9 * scale + 1e-12
    )


def test_tax_and_carbon_lines_have_formulas_too() -> None:
    case = case_of(
        OwnedHosts("hardware", "q", 1.0, 1e5, 24.0, 0.2),
        Energy("energy", "q", 1.0, 500.0, 5e3, 0.3, 0.25, 1.3, grid_g_per_kwh=380.0),
        months=30,
        carbon_price_per_t=80.0,
    )
    flow = after_tax_flow(case, Tax(0.26, MACRS_5))
    assert {line.cause for line in flow.lines} == {"hardware", "energy", "carbon price", "tax"}
    for line in flow.lines:
        amounts = np.broadcast_to(line.amounts, 31)
        assert [worked_out(line, t, 30) for t in range(31)] == pytest.approx(amounts, abs=1e-9)


def test_every_line_names_its_source() -> None:
    case = case_of(OwnedHosts("hardware", "offer 17", 1.0, 1e5, residual_share=0.1, date="2026-07-01"), months=6)
    assert {(line.source, line.date) for line in cash_flow(case).lines} == {("offer 17", "2026-07-01")}
