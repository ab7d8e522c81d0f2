"""What the examples answer, and that the account adds up."""

import json
from functools import cache
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from millwright.cli.cost import cost
from millwright.errors import InputError
from millwright.finance.account import FIGURES, account, explain
from millwright.finance.case_file import case_from_document, read_case_file
from millwright.finance.pricing import PricedFile, price_file
from millwright.finance.yaml_lines import parse_document

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "cost-cases"
app = typer.Typer()
app.command()(cost)


@cache
def priced(name: str, draws: int = 2_048) -> PricedFile:
    return price_file(read_case_file(EXAMPLES / f"{name}.yaml"), draws)


def test_a_small_office_should_not_buy_and_hears_when_that_changes() -> None:
    found = priced("small-office")
    assert found.ranked[0].name == "buy tokens"
    assert found.comparison.probability_best["buy tokens"] > 0.99
    [own] = [entry for entry in found.break_evens if entry.option == "own a workstation"]
    assert not own.cheaper_now
    assert own.demand_p10 is not None
    assert own.demand_p50 is not None
    assert own.demand_p90 is not None
    assert 10.0 < own.demand_p10 < own.demand_p50 < own.demand_p90
    assert 0.0 < own.never_share < 0.6
    assert own.month is None


def test_a_hospital_hears_how_likely_owning_wins() -> None:
    found = priced("hospital")
    assert 0.5 < found.comparison.probability_best["own servers"] < 1.0
    assert sum(found.comparison.probability_best.values()) == pytest.approx(1.0)
    [own] = found.break_evens
    assert own.cheaper_now
    assert own.month is not None
    assert own.month > 0


def test_two_options_that_cost_the_same_have_no_break_even_to_tell() -> None:
    text = """\
case: Same
currency: EUR
horizon_months: 12
discount_rate_per_y: 5 %
demand: {input_tokens: 1e6, output_tokens: 1e6, requests: 1}
options:
  dear: [{fixed: {per_month: 20, source: offer}}]
  cheap: [{fixed: {per_month: 10, source: offer}}]
"""
    found = price_file(case_from_document(parse_document(text)), 64)
    [entry] = found.break_evens
    assert entry.option == "dear"
    assert entry.demand_factor is None
    assert entry.demand_p50 is None
    assert entry.never_share == 1.0


@pytest.mark.parametrize("name", ["small-office", "hospital"])
def test_the_ledger_of_the_account_adds_up(name: str) -> None:
    document = account(priced(name))
    for entry in document["options"].values():
        assert sum(leaf["total"] for leaf in entry["ledger"]) == pytest.approx(entry["figures"]["total_cost"])
        assert sum(leaf["present_value"] for leaf in entry["ledger"]) == pytest.approx(entry["figures"]["npv_cost"])
        assert all(leaf["source"] for leaf in entry["ledger"])
        assert sum(entry["cash_flow"]) == pytest.approx(entry["figures"]["total_cost"])


@pytest.mark.parametrize("figure", [*FIGURES, "hardware", "staff"])
def test_every_figure_can_be_explained(figure: str) -> None:
    found = explain(priced("hospital"), figure, "own servers")
    assert found.formula
    assert found.lines


def test_an_explanation_adds_up_to_its_figure() -> None:
    found = explain(priced("hospital"), "npv_cost", "own servers")
    assert sum(worth for _, worth in found.lines) == pytest.approx(found.value)


def test_an_unknown_figure_is_answered_with_the_known_ones() -> None:
    with pytest.raises(InputError, match="Ask for one of lcot"):
        explain(priced("hospital"), "profit", "own servers")


def test_the_command_prints_nothing_but_json() -> None:
    result = CliRunner().invoke(app, [str(EXAMPLES / "small-office.yaml"), "--json", "--draws", "256"])
    assert result.exit_code == 0
    document = json.loads(result.stdout)
    assert document["ranking"][0] == "buy tokens"


def test_the_command_is_repeatable() -> None:
    runs = [
        CliRunner().invoke(app, [str(EXAMPLES / "hospital.yaml"), "--json", "--draws", "256", "--seed", "3"])
        for _ in range(2)
    ]
    assert runs[0].stdout == runs[1].stdout


@pytest.mark.parametrize(
    "extra",
    [
        [],
        ["--explain", "lcot"],
        ["--explain", "energy", "--option", "own servers"],
        ["--futures"],
        ["--studies"],
    ],
)
def test_the_command_speaks_to_people(extra: list[str]) -> None:
    result = CliRunner().invoke(app, [str(EXAMPLES / "hospital.yaml"), "--draws", "256", *extra])
    assert result.exit_code == 0, result.output
    assert "own servers" in result.stdout


def test_an_unknown_option_is_an_input_error() -> None:
    result = CliRunner().invoke(app, [str(EXAMPLES / "hospital.yaml"), "--explain", "lcot", "--option", "mine"])
    assert isinstance(result.exception, InputError)


def test_a_study_can_be_priced_by_name() -> None:
    result = CliRunner().invoke(app, ["preset:lenovo-2026", "--json", "--draws", "64", "--studies"])
    document = json.loads(result.stdout)
    assert document["options"]["own"]["figures"]["lcot"] == pytest.approx(0.11, abs=0.001)
    assert {study["name"] for study in document["studies"]} >= {"lenovo-2026", "pan-2025-medium"}


@pytest.mark.parametrize("suffix", [".xlsx", ".csv"])
def test_an_export_is_written_and_the_ranking_shown(tmp_path: Path, suffix: str) -> None:
    target = tmp_path / f"case{suffix}"
    result = CliRunner().invoke(app, [str(EXAMPLES / "hospital.yaml"), "--draws", "64", "--export", str(target)])
    assert result.exit_code == 0, result.output
    assert target.stat().st_size > 10_000
    assert [path.name for path in tmp_path.iterdir()] == [target.name]


@pytest.mark.parametrize(
    ("target", "said"), [("case.pdf", "no format to export to"), ("kept.txt/case.csv", "kept.txt is no folder")]
)
def test_an_export_that_cannot_be_is_an_input_error(tmp_path: Path, target: str, said: str) -> None:
    (tmp_path / "kept.txt").touch()
    result = CliRunner().invoke(
        app, [str(EXAMPLES / "hospital.yaml"), "--draws", "64", "--export", str(tmp_path / target)]
    )
    assert isinstance(result.exception, InputError)
    assert said in str(result.exception)


def test_a_bill_is_laid_beside_the_plan(tmp_path: Path) -> None:
    bill = tmp_path / "bill.csv"
    bill.write_text(
        "ChargePeriodStart,BilledCost,BillingCurrency,ServiceCategory\n"
        "2027-01-01T00:00:00Z,40000,EUR,Compute\n2027-01-01T00:00:00Z,x,EUR,Compute\n",
        encoding="utf-8",
    )
    command = [str(EXAMPLES / "hospital.yaml"), "--draws", "64", "--bill", str(bill), "--option", "European cloud"]
    shown = CliRunner().invoke(app, command)
    assert "line 3: 'x' is no cost" in shown.stdout
    document = json.loads(CliRunner().invoke(app, [*command, "--json"]).stdout)
    assert document["rows"] == {"read": 1, "faulty": 1}
    [rent] = [row for row in document["causes"] if row["cause"] == "rent"]
    assert rent["actual"] == 40_000.0
    assert rent["difference"] == pytest.approx(40_000.0 - rent["planned"])


def test_under_new_hardware_generations_the_hospital_had_better_rent() -> None:
    [entry] = [entry for entry in priced("hospital").futures if entry.future.name == "new hardware generations"]
    assert entry.best == "European cloud"
    assert entry.regret["European cloud"] == 0.0
    assert entry.regret["own servers"] > 0.0
