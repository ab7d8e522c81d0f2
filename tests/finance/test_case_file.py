import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from millwright.cli.main import app
from millwright.errors import InputError
from millwright.finance.case import CaseError
from millwright.finance.case_file import CaseFile, case_from_document, read_case_file
from millwright.finance.case_schema import ITEM_KINDS, case_schema
from millwright.finance.figures import evaluate
from millwright.finance.uncertainty import median_values
from millwright.finance.yaml_lines import parse_document

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "cost-cases"

GOOD = """\
case: Test
currency: EUR
horizon_months: 12
discount_rate_per_y: 0
demand: {input_tokens: 1e6, output_tokens: 0, requests: 100}
options:
  api:
    - api_tokens: {input_price_per_mtok: 2, output_price_per_mtok: 8, source: list}
"""


def read(text: str) -> CaseFile:
    return case_from_document(parse_document(text, "case.yaml"))


def refused(text: str) -> str:
    with pytest.raises(InputError) as caught:
        read(text)
    return str(caught.value)


def lcot(text: str, option: str = "api") -> float:
    file = read(text)
    return float(evaluate(file.case(option, median_values(file.inputs))).lcot_per_mtok)


def test_a_case_of_eight_lines_is_priced() -> None:
    assert lcot(GOOD) == pytest.approx(2.0)


@pytest.mark.parametrize("written", ["2", "2.0", "2e0", "'2'", "200 %", "{certain: 2}", "{uniform: [1, 3]}"])
def test_a_number_may_be_written_in_many_ways(written: str) -> None:
    assert lcot(GOOD.replace("per_mtok: 2,", f"per_mtok: {written},")) == pytest.approx(2.0)


def test_a_name_is_looked_up_in_the_file_then_among_the_defaults() -> None:
    text = GOOD.replace("per_mtok: 2,", "per_mtok: $price,") + "inputs:\n  price: {uniform: [2, 4], source: offer}\n"
    assert lcot(text) == pytest.approx(3.0)
    with_default = GOOD.replace("source: list", "drift_per_y: $api_price_drift_per_y, source: list")
    assert [entry.name for entry in read(with_default).inputs] == ["api_price_drift_per_y"]


def test_machines_follow_the_demand_by_the_piece() -> None:
    text = GOOD.replace(
        "    - api_tokens: {input_price_per_mtok: 2, output_price_per_mtok: 8, source: list}",
        "    - hosts: {hosts: {per_tokens: 4e5, spares: 1}, price: 10, source: list}",
    )
    file = read(text)
    # 1e6/4e5 = 2.5: three, and a spare; at 0.8 of the demand exactly two, and a spare
    assert np.max(file.case("api", {}).items[0].hosts) == 4  # type: ignore[union-attr]
    assert np.max(file.case("api", {}, 0.8).items[0].hosts) == 3  # type: ignore[union-attr]


def test_load_follows_from_the_demand() -> None:
    # 1e6 tokens on three machines of 4e5 and a spare: 1e6/1.6e6
    text = GOOD.replace(
        "    - api_tokens: {input_price_per_mtok: 2, output_price_per_mtok: 8, source: list}",
        "    - energy: {hosts: 1, idle_w: 0, peak_w: 1000, utilisation: 1, tariff_per_kwh: 1, source: bill,\n"
        "        utilisation_by_month: {load_of: 4e5, spares: 1}}",
    )
    case = read(text).case("api", {})
    assert evaluate(case).total_cost == pytest.approx(12 * 730.5 * 0.625)


def test_growth_compounds_by_the_year() -> None:
    file = read(GOOD.replace("input_tokens: 1e6", "input_tokens: {start: 1e6, growth_per_y: 50 %}").replace("12", "24"))
    tokens = np.asarray(file.case("api", {}).demand.input_tokens)
    assert tokens[[0, 12]] == pytest.approx([1e6, 1.5e6])


@pytest.mark.parametrize(
    ("change", "by", "said"),
    [
        ("currency: EUR\n", "", "'currency' is missing"),
        ("currency: EUR", "currency: euros", "case.yaml:2: 'currency'"),
        ("horizon_months: 12", "horizon_months: 0", "case.yaml:3: 'horizon_months'"),
        ("horizon_months: 12", "horizon_month: 12", "Did you mean 'horizon_months'?"),
        ("discount_rate_per_y: 0", "discount_rate_per_y: much", "'much' is not a number; write 0.2 or 20 %"),
        ("discount_rate_per_y: 0", "discount_rate_per_y: -2", "−100 % or less"),
        ("discount_rate_per_y: 0", "discount_rate_per_y: .nan", "not a finite number"),
        ("discount_rate_per_y: 0", "discount_rate_per_y: 1e999", "not a finite number"),
        ("input_tokens: 1e6, ", "", "'input_tokens' is missing"),
        ("input_tokens: 1e6", "input_tokens: [1, 2, 3]", "give one per month (12)"),
        ("input_tokens: 1e6", "input_tokens: {per_tokens: 5}", "cannot follow from itself"),
        ("api_tokens:", "api_token:", "Did you mean 'api_tokens'?"),
        ("input_price_per_mtok: 2", "input_price: 2", "Did you mean 'input_price_per_mtok'?"),
        ("input_price_per_mtok: 2", "input_price_per_mtok: $prize", "there is no input 'prize'"),
        ("input_price_per_mtok: 2", "input_price_per_mtok: {uniform: [3, 1]}", "low ≤ high does not hold"),
        ("input_price_per_mtok: 2", "input_price_per_mtok: {gauss: [3, 1]}", "'gauss' is no distribution"),
        ("input_price_per_mtok: 2", "input_price_per_mtok: {start: 1, growth_per_y: 2}", "does not go by month"),
        ("input_price_per_mtok: 2", "input_price_per_mtok: yes", "'True' is not a number"),
        (", source: list", "", "Say where the figures come from"),
        ("  api:\n", "  api:\n    - 3\n", "case.yaml:8"),
        ("options:\n", "baseline: buy\noptions:\n", "there is no option 'buy'"),
        ("case: Test", "case: !!python/object:os.system {}", "case.yaml:1"),
        ("case: Test", "case: Test\ncase: Again", "'case' is given twice"),
        ("case: Test", "case: &a [*a]", "case.yaml:1"),
        ("case: Test", "case: [", "this is not YAML"),
        (GOOD, "", "the file is empty"),
        (GOOD, "- 1\n", "a cost case is a mapping"),
    ],
)
def test_a_wrong_file_says_what_where_and_what_to_do(change: str, by: str, said: str) -> None:
    assert change in GOOD
    assert said in refused(GOOD.replace(change, by, 1))


@pytest.mark.parametrize("rate", ["0.25", "25 %"])
def test_a_tax_may_be_written_as_a_share_or_in_percent(rate: str) -> None:
    tax = read(GOOD + f"tax: {{rate: {rate}, depreciation: {{method: macrs 5}}, source: law}}\n").tax
    assert tax is not None
    assert tax.rate == 0.25
    assert tax.shares_by_year[1] == 0.32


def test_all_faults_are_told_at_once_each_with_its_line() -> None:
    text = GOOD.replace("per_mtok: 2,", "per_mtok: $x,").replace("requests: 100", "requests: 100, demand: 3")
    text += "inputs:\n  y: {uniform: [2, 1]}\n"
    said = refused(text).splitlines()
    assert [line.split(":")[1] for line in said] == ["10", "5", "8"]


def test_an_alias_bomb_is_refused() -> None:
    bomb = "a: &a [1, 1, 1, 1, 1, 1, 1, 1]\n" + "".join(
        f"{new}: &{new} [{', '.join([f'*{old}'] * 8)}]\n" for old, new in zip("abcdefg", "bcdefgh", strict=True)
    )
    assert "repeats itself" in refused(bomb)


def test_an_unreadable_path_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no such file"):
        read_case_file(tmp_path / "none.yaml")


def test_a_number_too_large_for_a_machine_is_refused() -> None:
    assert "is no plain value" in refused(GOOD.replace("1e6", "1" * 5_000))
    assert "not a number" in refused(GOOD.replace("1e6", "1" * 400))
    assert len(refused(GOOD.replace("1e6", "1" * 400))) < 500


def test_a_result_too_large_for_a_machine_is_no_result() -> None:
    with pytest.raises(CaseError, match="too large"):
        lcot(GOOD.replace("per_mtok: 2,", "per_mtok: 1e308,"))


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_examples_are_read_and_every_input_has_a_source(path: Path) -> None:
    file = read_case_file(path)
    assert all(entry.source for entry in file.inputs)


def test_the_schema_knows_every_item() -> None:
    schema = case_schema()
    assert {f"item_{kind}" for kind in ITEM_KINDS} <= set(schema["$defs"])
    assert "price" in schema["$defs"]["item_hosts"]["properties"]
    printed = CliRunner().invoke(app, ["schema", "case"])
    assert json.loads(printed.output) == schema
