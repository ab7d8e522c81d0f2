"""The answer: one sentence for each sort of best option, and at which demand or price another would take its place."""

from __future__ import annotations

from dataclasses import replace

import pytest
from plan_cases import API, CERTAIN, NOBODY, OWNED, RENTED, option, part, tokens

from millwright.law.kleene import Verdict
from millwright.plan.answer import answer
from millwright.plan.costing import ApiTerms, StaffTerms
from millwright.plan.envelope import MULTIPLES, crossing, envelope
from millwright.plan.model import Answer, Decision, Kind, RefusalReason, RefusedOption, Stage, Turn
from millwright.plan.money import compare_options
from millwright.plan.priced import PricedOption
from millwright.plan.uncertain import uncertain_inputs
from millwright.scenario.model import Finance, Objective

FINANCE = Finance()
UNCERTAIN = uncertain_inputs(FINANCE, ("device",), ("somebody", "p"))
MACHINE = replace(OWNED, idle_w=0.0, peak_w=0.0)
"""A machine that draws nothing: it costs its price, whatever it serves."""


def _answer(*ranked: PricedOption) -> Answer:
    odds = compare_options(ranked, UNCERTAIN, FINANCE, CERTAIN, 0, 64) if ranked else None
    return answer(ranked, odds, CERTAIN)


def _machine(name: str = "box", existing: int = 0, rate: float = 0.01, verdict: Verdict = Verdict.YES) -> PricedOption:
    """Return a machine of 100,000 EUR that serves any demand."""
    return option(name, part(replace(MACHINE, existing=existing), tokens(rate), per_machine_per_s=1e9), verdict=verdict)


def _tokens(times_the_machine: float, staff: StaffTerms = NOBODY, verdict: Verdict = Verdict.YES) -> PricedOption:
    """Return an API that costs so many times what the machine does, at today's demand."""
    mtok = 0.01 * 1_200.0 * 365.25 * 86_400.0 / 1e6
    price = 100_000.0 * times_the_machine / mtok
    return option("an API", part(ApiTerms("p", price, price, "a list"), tokens(0.01)), staff=staff, verdict=verdict)


def _about_demand(found: Answer) -> Turn:
    return next(turn for turn in found.turns if turn.what == "demand")


# --- decisions --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("best", "decision", "words"),
    [
        (_machine(), Decision.OWN, "Buy 1 × box"),
        (_machine("8 × card"), Decision.OWN, "Buy 1 × (8 × card)"),
        (option("hall", part(MACHINE), kind=Kind.COLO), Decision.COLO, "Buy and colocate 1 × hall"),
        (option("an instance", part(RENTED)), Decision.RENT, "rent an instance"),
        (option("an API", part(API)), Decision.TOKENS, "buy tokens from an API"),
        (option("both", part(API), part(MACHINE)), Decision.MIX, "Mix: both"),
    ],
)
def test_each_sort_of_best_option_has_its_advice(best: PricedOption, decision: Decision, words: str) -> None:
    found = _answer(best)
    assert found.decision is decision
    assert found.option_id == best.id
    assert words in found.sentence
    assert "EUR per million tokens" in found.sentence
    assert found.next_steps


def test_a_mix_has_a_trial_for_each_kind_of_its_supplies() -> None:
    steps = " ".join(_answer(option("both", part(API), part(RENTED))).next_steps)
    assert "Measure the API's latency" in steps
    assert "Rent one instance" in steps
    assert "before you order" not in steps


def test_what_was_ranked_by_is_said_and_what_would_be_cheapest() -> None:
    ranked = [_machine(), _tokens(0.2)]
    odds = compare_options(ranked, UNCERTAIN, FINANCE, CERTAIN, 0, 64)
    sentence = answer(ranked, odds, CERTAIN, (), Objective.SOVEREIGNTY).sentence
    assert sentence.startswith("Ranked by sovereignty")
    assert "The cheapest would be an API" in sentence


def test_nothing_feasible_is_an_answer() -> None:
    found = _answer()
    assert found.decision is Decision.NONE
    assert found.option_id is None
    assert found.probability == 0.0
    assert found.next_steps


def test_without_an_option_the_limits_that_stand_alone_in_the_way_are_named() -> None:
    def refused(*stages: Stage) -> RefusedOption:
        reasons = tuple(RefusalReason(stage=stage, summary="no", text="no") for stage in stages)
        return RefusedOption(title="box", kind=Kind.OWNED, reasons=reasons)

    ways = [refused(Stage.POWER), *[refused(Stage.BUDGET)] * 2, refused(Stage.BUDGET, Stage.SPACE), refused(Stage.LAW)]
    steps = answer([], None, CERTAIN, ways).next_steps
    assert [("money" in step, "for 2 of" in step) for step in steps[:1]] == [(True, True)]
    assert "power" in steps[1]
    assert not any("space" in step for step in steps)
    assert len(steps) == 3


def test_the_sentence_names_the_cost_and_the_odds_are_those_of_the_draws() -> None:
    found = _answer(_machine(), _tokens(50.0))
    mtok = 0.01 * 1_200.0 * 365.25 * 86_400.0 / 1e6
    assert f"{100_000.0 / mtok:.3g} EUR per million tokens" in found.sentence
    assert found.probability == 1.0
    assert found.odds == "almost certain"


@pytest.mark.parametrize(
    ("existing", "words"),
    [(0, "Buy 3 × box"), (1, "Buy 2 × box"), (3, "Buy nothing now; use 3 of your 3"), (9, "use 3 of your 9 × box")],
)
def test_machines_that_are_there_are_not_bought(existing: int, words: str) -> None:
    best = option("box", part(replace(MACHINE, existing=existing), tokens(12.0)))
    assert words in _answer(best).sentence


@pytest.mark.parametrize(
    ("existing", "words"),
    [
        (0, "Buy 2 × box now, 5 by the end of the horizon"),
        (1, "Buy 1 × box now, 4 by the end of the horizon"),
        (2, "Buy nothing now; use 2 of your 2 × box, and buy 3 by the end of the horizon"),
        (9, "Buy nothing now; use 2 of your 9 × box:"),
    ],
)
def test_growth_is_told_beside_what_is_bought_now(existing: int, words: str) -> None:
    growing = tokens(5.0, months=36, growth_per_year=0.5)  # 5 a second grow to 16.3, at 4 a machine
    best = option("box", part(replace(MACHINE, existing=existing), growing))
    assert words in _answer(best).sentence


# --- turns ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("times", [0.5, 0.1, 0.013])
def test_more_demand_turns_tokens_into_a_machine_where_the_line_reaches_its_price(times: float) -> None:
    turn = _about_demand(_answer(_tokens(times), _machine()))
    assert turn.at is not None
    assert turn.at.value == pytest.approx(1.0 / times, rel=0.01)
    assert turn.to_option_id == "box"
    assert turn.sentence.startswith("From ")


@pytest.mark.parametrize("times", [2.0, 7.0])
def test_less_demand_turns_a_machine_into_tokens(times: float) -> None:
    turn = _about_demand(_answer(_machine(), _tokens(times)))
    assert turn.at is not None
    assert turn.at.value == pytest.approx(1.0 / times, rel=0.01)
    assert turn.to_option_id == "an API"
    assert turn.sentence.startswith("Below ")


def test_what_never_turns_is_said_to_be_never() -> None:
    turn = _about_demand(_answer(_tokens(1e-6), _machine()))
    assert turn.at is None
    assert "never cheaper" in turn.sentence


@pytest.mark.parametrize("times", [0.5, 1e-6])
def test_what_is_cheaper_but_not_asked_for_is_said_to_be_cheaper(times: float) -> None:
    turn = _about_demand(_answer(_machine(), _tokens(times)))  # as if ranked by something else than cost
    assert "never" not in turn.sentence
    assert "is cheaper" in turn.sentence
    assert turn.to_option_id == "an API"


def test_the_price_of_tokens_that_turns_the_answer_counts_what_else_they_take() -> None:
    engineer = StaffTerms(0.1, 0.0, 100_000.0, "a contract")
    found = _answer(_tokens(0.2, engineer), _machine())
    turn = next(turn for turn in found.turns if turn.what == "price of tokens")
    assert turn.at is not None
    assert turn.at.value == pytest.approx((100_000.0 - 10_000.0) / 20_000.0)


def test_only_lawful_options_turn_a_lawful_answer() -> None:
    found = _answer(_tokens(0.5), _machine(verdict=Verdict.UNKNOWN))
    assert [turn for turn in found.turns if turn.to_option_id == "box"] == []


def test_a_cheaper_option_of_which_a_fact_is_missing_is_worth_a_question() -> None:
    found = _answer(_machine(), _tokens(0.5, verdict=Verdict.UNKNOWN))
    assert any("an API" in step and step.startswith("Find out") for step in found.next_steps)
    assert not any(step.startswith("Find out") for step in _answer(_machine(), _tokens(0.5)).next_steps)


def test_the_sentence_itself_says_that_cheaper_options_wait_for_a_fact() -> None:
    waiting = _tokens(0.5, verdict=Verdict.UNKNOWN)
    assert "an API costs" in _answer(_machine(), waiting).sentence
    dear = _tokens(0.95, verdict=Verdict.UNKNOWN)  # not worth a question
    assert _answer(_machine(), dear).sentence == _answer(_machine()).sentence


def test_without_a_lawful_option_the_facts_come_first() -> None:
    found = _answer(_machine(verdict=Verdict.UNKNOWN))
    assert "facts" in found.next_steps[0]


# --- the cheapest of each kind over demand ----------------------------------------------------------------------


def test_an_envelope_is_the_cheapest_of_its_kind_everywhere() -> None:
    small = option("small", part(replace(MACHINE, price=50_000.0), tokens(0.5), per_machine_per_s=1.0))
    large = option("large", part(replace(MACHINE, price=300_000.0), tokens(0.5), per_machine_per_s=10.0))
    found = envelope(Kind.OWNED, (small, large), CERTAIN)
    assert found is not None
    assert found.cheapest_at(1.0) is small
    assert found.cheapest_at(MULTIPLES[-1]) is large  # 50 × 300,000 against 500 × 50,000
    assert found.at(1.0, CERTAIN) == pytest.approx(50_000.0)
    assert found.costs[-1] == pytest.approx(50 * 300_000.0)


def test_a_kind_without_options_has_no_envelope() -> None:
    assert envelope(Kind.API, (_machine(),), CERTAIN) is None


def test_kinds_cross_where_the_cheapest_of_each_cost_the_same() -> None:
    api, box = (envelope(one.kind, (one,), CERTAIN) for one in (_tokens(0.25), _machine()))
    assert api is not None
    assert box is not None
    assert crossing(api, box, CERTAIN) == pytest.approx(4.0, rel=1e-3)
    assert crossing(box, api, CERTAIN) == pytest.approx(4.0, rel=1e-3)


def test_the_answer_says_when_the_odds_favour_another_option() -> None:
    from types import SimpleNamespace
    from typing import cast

    from millwright.plan.answer import _odds_favour_another
    from millwright.plan.money import Odds

    first, second = option("first", part(API)), option("second", part(API))

    def said(ours: float) -> str:
        shares = {"first": ours, "second": 1.0 - ours}
        return _odds_favour_another(first, [first, second], cast(Odds, SimpleNamespace(probability_best=shares.get)))

    assert "second is the cheapest more often, 70 % of the time against 30 %" in said(0.3)
    assert said(0.5) == ""
    assert said(0.8) == ""
