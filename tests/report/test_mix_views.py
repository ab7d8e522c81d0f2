"""The mixed fleet in the views: each part in a line, what it is worth, its proof, what limits cost; or the conflict."""

from __future__ import annotations

import pytest
from rich.console import Console
from sample_mix import MIX, mixed_plan
from sample_plan import sample_plan

from millwright.plan.model import Plan
from millwright.report.mix_text import gap_text, limits_text, part_text, proof_texts, purchase_text
from millwright.report.terminal import print_plan

PLAN = mixed_plan()


def _printed(plan: Plan, *, show_all: bool = False) -> str:
    console = Console(width=100, force_terminal=False)
    with console.capture() as capture:
        print_plan(plan, console, show_all=show_all)
    return capture.get()


def test_each_part_says_how_many_how_held_and_what_it_serves_when() -> None:
    assert [part_text(supply, MIX) for supply in MIX.supplies] == [
        "up to 3 × HGX H200 at room, owned, 1 there already: everything 60–100 %",
        "1 × HGX A100 at room, owned, there already: stands by",
        "up to 4 × L4 instance at cloud, spot: chat 30 % in the busiest 25 h",
        "An EU API at api, API: chat 10 % in the busiest 25 h; notes 40 % in the busiest 25 h",
    ]


def test_the_one_period_without_is_named_instead_of_many_with() -> None:
    supply = MIX.supplies[0]
    flow = supply.serves[0].model_copy(update={"share_by_period": (0.5, 0.75, 0.0)})
    evening = supply.model_copy(update={"serves": (flow,)})
    assert part_text(evening, MIX).endswith("chat 50–75 %, none in the quietest 98 h")


def test_the_proof_tells_each_workload_and_never_rounds_up_to_all() -> None:
    first, second, headroom = proof_texts(MIX)
    assert "the SLO is kept, after 2 rounds" in first
    assert "chat 99.9 % within it (95 % promised), 95.6 % after the worst loss of HGX H200" in first
    assert second == "notes 100 % within it (90 % promised)."
    assert "1.14 in the simulation, 1.17 by the optimum's reckoning" in headroom


def test_a_broken_promise_is_said_loudly_and_what_was_not_tried_is_not_claimed() -> None:
    assert MIX.proof is not None
    broken = MIX.proof.model_copy(update={"kept": False, "simulated_headroom": 2.0})
    texts = proof_texts(MIX.model_copy(update={"proof": broken}))
    assert "NOT kept" in texts[0]
    assert "2 or more in the simulation" in texts[-1]
    assert proof_texts(MIX.model_copy(update={"proof": None})) == ()


def test_the_dearest_limit_comes_first_and_those_that_cost_nothing_are_left_out() -> None:
    text = limits_text(MIX, "EUR")
    assert text.index("sovereignty") < text.index("spares")
    assert "power" not in text


def test_purchases_say_when_they_come_and_go() -> None:
    assert [purchase_text(each) for each in MIX.purchases] == [
        "month 1: use 1 × HGX A100",
        "month 1: buy 1 × HGX H200, sold after month 24",
        "month 25: buy 2 × HGX H200",
    ]


def test_the_gap_is_among_what_was_looked_at() -> None:
    assert gap_text(MIX) == "At most 0.22 % from the best of 9 supplies looked at, 3 left out beforehand."
    assert gap_text(MIX.model_copy(update={"gap": 0.0})).startswith("Proved the best")


def _block(text: str) -> list[str]:
    lines = text.splitlines()
    start = lines.index("The mixed fleet")
    return lines[start : next(number for number in range(start, len(lines)) if not lines[number].strip())]


def test_the_terminal_has_it_short_and_whole() -> None:
    short, whole = _block(_printed(PLAN)), _block(_printed(PLAN, show_all=True))
    assert len(short) <= 9, "a heading and eight lines"
    assert "2 more parts with --all" in "".join(short)
    assert "An EU API" not in "".join(short)
    assert "An EU API" in "".join(whole)
    assert "not simulated" in "".join(whole)


@pytest.mark.parametrize("show_all", [False, True])
def test_a_plan_without_a_mix_says_nothing_of_it(show_all: bool) -> None:
    assert "The mixed fleet" not in _printed(sample_plan(), show_all=show_all)


def test_a_mix_that_is_no_option_is_only_weighed() -> None:
    only = _block(_printed(mixed_plan(MIX.model_copy(update={"option_id": None}))))
    assert len(only) == 2
