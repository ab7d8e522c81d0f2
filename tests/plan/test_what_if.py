"""What if: a changed scenario is answered from what was found before, and the answer is the one of a plan made anew."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_scenarios import CATALOG, CHAT, CLOUD, DRAWS, NIGHT, ROOM, TODAY, TOKENS, chat_plan, plan, scenario

from millwright.catalog.precision import Precision
from millwright.errors import InputError
from millwright.plan.making import Depth
from millwright.plan.model import Plan
from millwright.plan.plan_file import plan_as_json
from millwright.plan.what_if import (
    MONEY,
    Grounds,
    SupersededError,
    WhatIf,
    lay_grounds,
    leading_offers,
    refreshed,
    with_curves_of,
)
from millwright.plan.what_if_changes import Changes, edited_text, read_changes
from millwright.scenario.edit import EditError
from millwright.scenario.load import read_scenario

IN_FULL = Depth(draws=DRAWS, mix=False)
MONEY_CHANGES = [
    Changes(demand=1.7),
    Changes(growth_per_year=0.4),
    Changes(shape="flat"),
    Changes(shape=tuple(float(hour % 7 + 1) for hour in range(24))),
    Changes(electricity_per_kwh=0.41),
    Changes(discount_rate_per_year=0.031),
    Changes(host_price=0.8),
    Changes(cloud_price=0.5, api_price=3.0),
    Changes(spares=0),
]
SEARCHED_CHANGES = [
    Changes(ttft_s=0.5),
    Changes(tpot_s=0.03, percentile=99.0),
    Changes(precisions=(Precision.BF16,)),
    Changes(e2e_s=20.0, demand=2.0, spares=2),
]


@cache
def grounds() -> Grounds:
    return lay_grounds(scenario(), today=TODAY, catalog=CATALOG)


def made_anew(changes: Changes) -> Plan:
    return plan(read_scenario(edited_text(scenario(), changes), Path("scenario.yaml"), CATALOG))


def without_times(made: Plan) -> str:
    return plan_as_json(made.model_copy(update={"timings": (), "refused": ()}))


# --- equal to a plan ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("changes", MONEY_CHANGES[::3] + SEARCHED_CHANGES[:2], ids=Changes.query)
def test_the_answer_to_a_change_is_the_plan_of_the_changed_scenario(changes: Changes) -> None:
    assert without_times(refreshed(grounds(), changes, depth=IN_FULL)[0]) == without_times(made_anew(changes))


def test_no_change_gives_the_plan_itself() -> None:
    assert without_times(refreshed(grounds(), Changes(), depth=IN_FULL)[0]) == without_times(chat_plan())


@pytest.mark.parametrize("changes", [*MONEY_CHANGES, *SEARCHED_CHANGES], ids=Changes.query)
def test_fewer_options_and_draws_leave_the_central_cost_as_it_is(changes: Changes) -> None:
    full = refreshed(grounds(), changes, depth=replace(IN_FULL, latency=False, curves=False))[0]
    some = replace(grounds(), only=leading_offers(chat_plan(), 2))
    some = replace(some, found=tuple(draft for draft in some.found if (draft.site_name, draft.offer_id) in some.only))
    quick = refreshed(some, changes, depth=replace(MONEY, draws=32))[0]
    assert quick.options
    for option in quick.options:
        assert option.cost.lcot.value == pytest.approx(full.option(option.id).cost.lcot.value, rel=1e-12)
        assert option.fleet[0].hosts == full.option(option.id).fleet[0].hosts


def test_two_workloads_change_alone_or_together() -> None:
    both = scenario(CHAT + NIGHT, sites=(ROOM, TOKENS))
    laid = lay_grounds(both, today=TODAY, catalog=CATALOG)
    for changes in (Changes(workload="night", demand=3.0), Changes(demand=3.0)):
        anew = plan(read_scenario(edited_text(both, changes), Path("scenario.yaml"), CATALOG))
        assert without_times(refreshed(laid, changes, depth=IN_FULL)[0]) == without_times(anew)


# --- what is searched, and what is not ---------------------------------------------------------------------------


@pytest.mark.parametrize("changes", MONEY_CHANGES, ids=Changes.query)
def test_money_needs_no_simulation(changes: Changes) -> None:
    assert WhatIf(grounds()).is_money_only(changes)


@pytest.mark.parametrize("changes", SEARCHED_CHANGES, ids=Changes.query)
def test_limits_on_latency_and_precisions_do(changes: Changes) -> None:
    assert not WhatIf(grounds()).is_money_only(changes)


def test_a_search_is_remembered() -> None:
    asked = WhatIf(grounds())
    changes = Changes(ttft_s=0.7)
    assert not asked.is_money_only(changes)
    first = asked.ask(changes)
    assert asked.is_money_only(changes)
    assert asked.is_money_only(Changes(ttft_s=0.7, demand=2.0))
    assert without_times(asked.ask(changes)) == without_times(first)


def test_a_remembered_search_serves_another_demand() -> None:
    asked = WhatIf(grounds())
    asked.ask(Changes(ttft_s=0.7))
    both = Changes(ttft_s=0.7, demand=2.0)
    assert without_times(asked.ask(both, depth=IN_FULL)) == without_times(made_anew(both))


def test_a_superseded_question_ends_its_search() -> None:
    asked = WhatIf(grounds())

    def no_more(what: str, done: int, of: int) -> None:
        raise SupersededError

    with pytest.raises(SupersededError):
        asked.ask(Changes(ttft_s=0.9), progress=no_more)
    assert not asked.is_money_only(Changes(ttft_s=0.9))


def test_a_demand_that_no_option_carries_is_answered_too() -> None:
    made = refreshed(grounds(), Changes(demand=1000.0, workload="chat"))[0]
    assert made.answer.sentence


def test_grounds_of_a_plan_look_at_its_leading_offers_alone() -> None:
    loaded = scenario(sites=(CLOUD, TOKENS))
    laid = lay_grounds(loaded, today=TODAY, only=leading_offers(plan(loaded)))
    assert laid.only is not None
    assert {(draft.site_name, draft.offer_id) for draft in laid.found} <= laid.only
    assert {site for site, _ in laid.only} == {"cloud", "tokens"}


def test_curves_are_kept_where_the_same_replica_serves() -> None:
    before = chat_plan()
    cheaper = with_curves_of(refreshed(grounds(), Changes(host_price=0.9))[0], before)
    own = next(o for o in cheaper.options if o.fleet[0].performance is not None)
    assert own.fleet[0].performance is not None
    assert own.fleet[0].performance.curves == before.option(own.id).fleet[0].performance.curves  # type: ignore[union-attr]
    faster = with_curves_of(refreshed(grounds(), Changes(ttft_s=0.3))[0], before)
    for option in faster.options:
        for part in option.fleet:
            if part.performance is not None:
                assert not part.performance.curves or part.performance.goodput_per_replica == (
                    before.option(option.id).fleet[0].performance.goodput_per_replica  # type: ignore[union-attr]
                )


# --- changes as text ---------------------------------------------------------------------------------------------

numbers = st.floats(0.01, 100.0)
changes_of_any_sort = st.builds(
    Changes,
    demand=st.none() | numbers,
    growth_per_year=st.none() | st.floats(-0.5, 2.0),
    shape=st.none() | st.sampled_from(["flat", "office-hours"]) | st.lists(numbers, min_size=24, max_size=24),
    electricity_per_kwh=st.none() | st.floats(0.0, 2.0),
    discount_rate_per_year=st.none() | st.floats(0.0, 0.3),
    host_price=st.none() | numbers,
    ttft_s=st.none() | numbers,
    percentile=st.none() | st.floats(50.0, 99.5),
    precisions=st.none() | st.lists(st.sampled_from([Precision.BF16, Precision.FP8]), min_size=1, max_size=2),
    spares=st.none() | st.integers(0, 9),
)


@given(changes_of_any_sort)
def test_a_link_reproduces_the_changes(changes: Changes) -> None:
    assert Changes.from_query(changes.query()) == changes


@settings(max_examples=40, deadline=None)
@given(changes_of_any_sort)
def test_the_saved_scenario_says_what_was_changed_and_keeps_its_comments(changes: Changes) -> None:
    loaded = scenario(more="finance: {horizon: 3 y}   # three years, says the board")
    text = edited_text(loaded, changes)
    assert "# three years, says the board" in text
    edited = read_scenario(text, Path("scenario.yaml"), CATALOG).scenario
    assert edited.finance.horizon_years == loaded.scenario.finance.horizon_years
    if changes.demand is not None:
        assert edited.workloads[0].traffic.demand_factor == changes.demand
    if changes.discount_rate_per_year is not None:
        assert edited.finance.discount_rate_per_year == pytest.approx(changes.discount_rate_per_year, abs=1e-9)
    if changes.ttft_s is not None:
        assert edited.workloads[0].slo.ttft_s == pytest.approx(changes.ttft_s)
        assert edited.workloads[0].slo.tpot_s == loaded.scenario.workloads[0].slo.tpot_s


def test_a_room_with_its_own_tariff_gets_the_new_one_too() -> None:
    room = "{name: room, kind: owned, hosts: [server-l40s-4], electricity: 0.3 EUR/kWh}"
    edited = read_scenario(
        edited_text(scenario(sites=(room,)), Changes(electricity_per_kwh=0.1)), Path("scenario.yaml"), CATALOG
    ).scenario
    assert edited.sites[0].electricity.amount == 0.1  # type: ignore[union-attr]


def test_a_default_slo_is_written_whole_when_one_limit_changes() -> None:
    bare = scenario(CHAT.replace("    slo: {ttft: 2 s, tpot: 60 ms}\n", ""))
    edited = read_scenario(edited_text(bare, Changes(ttft_s=1.0)), Path("scenario.yaml"), CATALOG).scenario
    assert edited.workloads[0].slo.ttft_s == 1.0
    assert edited.workloads[0].slo.tpot_s == bare.scenario.workloads[0].slo.tpot_s


@pytest.mark.parametrize(
    ("given", "where"), [({"demand": -1}, "demand"), ({"shape": "often"}, "shape"), ({"colour": 1}, "colour")]
)
def test_a_change_that_is_none_is_told_by_name(given: dict[str, object], where: str) -> None:
    with pytest.raises(InputError) as error:
        read_changes(given)
    assert error.value.where == where


def test_a_workload_that_is_not_there_is_told() -> None:
    with pytest.raises(EditError, match="no workload is called 'chta'"):
        edited_text(scenario(), Changes(workload="chta", demand=2.0))
