"""A mix and a single offer are counted on the same ground: where the mix is one, they cost the same to the cent."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_scenarios import CATALOG, CHAT, TODAY, scenario

from millwright.finance.figures import npv_cost
from millwright.fleet.optimum.solve import EXACT, solve
from millwright.fleet.sizing import growing_demand
from millwright.law.load import load_rules
from millwright.plan.costing import Currency, StaffTerms
from millwright.plan.draft import Draft
from millwright.plan.drafts import drafts
from millwright.plan.make import demands
from millwright.plan.minders import Minders, lcot, levels, minders
from millwright.plan.mix_costs import Stages
from millwright.plan.mix_question import mix_question
from millwright.plan.mixed import is_no_other_than, option_of_fleet
from millwright.plan.model import Kind, RefusalReason, RefusedOption, Stage
from millwright.plan.priced import PricedOption, option_of, price_draft
from millwright.plan.terms import Pricing
from millwright.plan.uncertain import central_inputs
from millwright.scenario.load import LoadedScenario

SITES = (
    "{name: room, kind: owned, hosts: [server-l40s-4]}",
    "{name: hall, kind: colo, hosts: [server-l40s-4]}",
    "{name: own, kind: owned, hosts: [], existing: [{host: server-l40s-4, count: 50}]}",
    "{name: cloud, kind: cloud, providers: [scaleway], devices: [h100-pcie], commitment: on-demand}",
    "{name: tokens, kind: api, providers: [groq]}",
)
OFFICE = np.where((np.arange(168) % 24 >= 8) & (np.arange(168) % 24 < 18) & (np.arange(168) < 120), 3.0, 0.3)
EVEN = np.ones(168)


@cache
def loaded() -> LoadedScenario:
    """Return a chat that may run in every sort of place."""
    return scenario(CHAT, SITES, "finance: {horizon: 3 y}")


@cache
def found() -> dict[str, Draft]:
    """Return one draft for each site, searched once."""
    here = loaded()
    every = drafts(here.scenario, demands(here, 0), CATALOG, load_rules(), TODAY).found
    return {each.site_name: each for each in sorted(every, key=lambda each: each.offer_id, reverse=True)}


def with_demand(draft: Draft, rate_per_s: float, growth: float, months: int, hourly: np.ndarray) -> Draft:  # type: ignore[type-arg]
    """Return a draft asked for so many requests over so many months."""
    profile = growing_demand(rate_per_s, growth, months, hourly)
    asked = replace(draft.asked, profile=profile, tokens=replace(draft.asked.tokens, profile=profile))
    return replace(draft, asked=asked)


def pricing_with(spares: int) -> Pricing:
    """Return the prices of the scenario with so many spares."""
    stated = loaded().scenario
    stated = stated.model_copy(update={"limits": stated.limits.model_copy(update={"spares": spares})})
    return Pricing(stated, CATALOG, Currency("EUR", 1.0 / CATALOG.usd_per("EUR")))


def manned(option: PricedOption, month: int) -> PricedOption:
    """Return an option that goes live in a month and takes people whose cost depends on what they mind."""
    fte = 1.0 + 0.1 * len(option.parts[0].draft.offer_id)
    parts = tuple(
        replace(each, serving=replace(each.serving, go_live_month=month))  # as a plan of people does
        for each in option.parts
    )
    return replace(option, parts=parts, staff=StaffTerms(fte, 0.0, 80_000.0, "test"))


@settings(max_examples=60, deadline=None)
@given(
    site=st.sampled_from(["room", "hall", "own", "cloud", "tokens"]),
    rate=st.floats(0.5, 60.0),
    growth=st.floats(0.0, 0.6),
    months=st.integers(9, 72),
    spares=st.integers(0, 2),
    month=st.integers(0, 8),
    office=st.booleans(),
)
def test_a_mix_that_is_one_offer_costs_what_that_offer_costs(
    site: str, rate: float, growth: float, months: int, spares: int, month: int, office: bool
) -> None:
    draft = with_demand(found()[site], rate, growth, months, OFFICE if office else EVEN)
    pricing, central = pricing_with(spares), central_inputs(loaded().scenario.finance)
    part = price_draft(draft, pricing, spares)
    assert not isinstance(part, RefusedOption)
    single = manned(option_of((part,), pricing), month)
    who = minders([draft], [single], (), pricing, central)
    question = mix_question([draft.asked], [draft], pricing, central, who)
    fleet = solve(question.problem, EXACT)
    assert fleet is not None
    mix = option_of_fleet(question, fleet, pricing, lambda option: manned(option, month))
    assert mix is not None
    cost, of_single = (float(np.asarray(npv_cost(each.case(central)))) for each in (mix, single))
    assert cost == pytest.approx(of_single, abs=0.005)
    assert lcot(mix, central) == pytest.approx(lcot(single, central), rel=1e-9)
    assert is_no_other_than(mix, single, central)
    if draft.kind is not Kind.CLOUD and months - month <= 48:
        assert fleet.amounts().cost == pytest.approx(of_single, rel=0.01)
    else:  # by the period rather than the hour, by two years rather than one: dearer, if anything
        assert fleet.amounts().cost >= of_single * 0.99


def test_people_cost_what_they_cost_with_the_offer_alone() -> None:
    pricing, central = pricing_with(0), central_inputs(loaded().scenario.finance)
    options = []
    for draft in found().values():
        part = price_draft(draft, pricing, 0)
        assert not isinstance(part, RefusedOption)
        options.append(manned(option_of((part,), pricing), 3))
    who = minders(found().values(), options, (), pricing, central)
    assert who.start == 3
    for option in options:
        [part] = option.parts
        without = replace(option, staff=StaffTerms(0.0, 0.0, 0.0, "nobody"))
        people = float(npv_cost(option.case(central))) - float(npv_cost(without.case(central)))
        assert who.cost(part.draft) == pytest.approx(people)


def test_what_nobody_can_run_is_barred_by_that_name() -> None:
    draft = found()["room"]
    pricing, central = pricing_with(0), central_inputs(loaded().scenario.finance)
    reason = RefusalReason(stage=Stage.PEOPLE, summary="nobody", text="nobody can run it")
    no = RefusedOption(
        title="it", kind=Kind.OWNED, workload="chat", site="room", offer=draft.offer_id, reasons=(reason,)
    )
    who = minders([draft], [], [no], pricing, central)
    problem = mix_question([draft.asked], [draft], pricing, central, who).problem
    assert solve(problem) is None
    assert "the team" in problem.labels
    assert solve(problem.without("the team")) is not None


def test_without_options_people_are_those_of_the_kind() -> None:
    draft = found()["room"]
    pricing, central = pricing_with(0), central_inputs(loaded().scenario.finance)
    who = minders([draft], [], (), pricing, central)
    assert who.cost(draft) > 0.0
    assert Minders().cost(draft) == 0.0


@given(st.lists(st.floats(0.0, 1e6), max_size=30))
def test_few_levels_of_cost_and_none_below_what_it_stands_for(costs: list[float]) -> None:
    found_levels = levels(costs)
    assert found_levels == sorted(found_levels)
    for cost in costs:
        level = min(each for each in found_levels if each >= cost)
        assert level - cost <= 0.005 * max(costs) + 1e-9


@given(months=st.integers(1, 120), start=st.integers(0, 24))
def test_stages_cover_the_months_of_service_once(months: int, start: int) -> None:
    start = min(start, months - 1)
    stages = Stages.of(months, start)
    assert 1 <= len(stages) <= 4
    covered = [month for s in range(len(stages)) for month in range(*stages.span(s, s).indices(months))]
    assert covered == list(range(start, months))
    bought_for = [month for _, span in stages.purchase_steps() for month in range(*span.indices(months))]
    assert bought_for == covered
    for stage, span in stages.purchase_steps():
        assert set(stages.of_month[span]) == {stage}
