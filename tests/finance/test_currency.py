from dataclasses import replace

import pytest
from cost_case_samples import cases
from hypothesis import given, settings
from hypothesis import strategies as st

from millwright.errors import InputError
from millwright.finance.case import CostCase
from millwright.finance.case_file import case_from_document
from millwright.finance.cash_flow import cash_flow
from millwright.finance.currency import item_in
from millwright.finance.figures import evaluate
from millwright.finance.yaml_lines import parse_document


def restated(case: CostCase, rate: float) -> CostCase:
    """Return the case with all its money in a currency of which one of today's units is worth `rate`."""
    items = tuple(item_in(item, rate) for item in case.items)
    return replace(case, items=items, carbon_price_per_t=case.carbon_price_per_t * rate)


@given(cases(), st.floats(0.01, 100.0))
@settings(max_examples=60)
def test_all_money_and_nothing_else_is_converted(case: CostCase, rate: float) -> None:
    converted = restated(case, rate)
    before, after = cash_flow(case).lines, cash_flow(converted).lines
    for ours, theirs in zip(before, after, strict=True):
        assert theirs.amounts == pytest.approx(ours.amounts * rate, rel=1e-9, abs=1e-9), (ours.cause, ours.part)
    assert evaluate(converted).lcot_per_mtok == pytest.approx(evaluate(case).lcot_per_mtok * rate, rel=1e-9, abs=1e-9)


FILE = """\
case: Two currencies
currency: EUR
horizon_months: 1
discount_rate_per_y: 0
demand: {input_tokens: 1e6, output_tokens: 0, requests: 1}
rates: {USD: 0.9}
options:
  api:
    - api_tokens: {input_price_per_mtok: 2, output_price_per_mtok: 8, source: list, quoted_in: USD}
    - fixed: {per_month: 1, source: offer}
"""


def test_an_item_of_a_file_may_be_quoted_in_another_currency() -> None:
    # 2 USD at 0.9 and 1 EUR
    case = case_from_document(parse_document(FILE)).case("api", {})
    assert evaluate(case).total_cost == pytest.approx(2.8)


def test_a_currency_without_a_rate_is_a_fault() -> None:
    with pytest.raises(InputError, match="there is no rate for 'USD'"):
        case_from_document(parse_document(FILE.replace("USD: 0.9", "GBP: 0.9")))
