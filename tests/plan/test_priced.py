"""Options before they are published: limits of a site hold for the whole of an option; what is there counts once."""

from __future__ import annotations

import itertools
from dataclasses import replace
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
from plan_cases import API, CERTAIN, OFFICE, OWNED, RENTED, option, part, tokens
from small_scenarios import CATALOG, CHAT, CLOUD, NIGHT, TOKENS, plan, scenario

from millwright.catalog.host import Host
from millwright.finance.cash_flow import cash_flow
from millwright.finance.figures import npv_cost, present_tokens
from millwright.finance.ledger import Line
from millwright.fleet.platform import Platform
from millwright.law.evaluate import LawFinding
from millwright.law.kleene import Verdict
from millwright.plan.costing import Currency, ServingPart
from millwright.plan.demand import WorkloadDemand
from millwright.plan.draft import Draft
from millwright.plan.model import Kind, Plan, Stage
from millwright.plan.priced import PricedOption, PricedPart, costs_over_demand, join, site_limits_broken
from millwright.plan.terms import Pricing
from millwright.scenario.model import OwnedSite

SMALL = Host("small", "Small box", "various", "l40s", 4, 30_000.0, 25_000.0, 40_000.0, 800.0, 2_500.0, 4.0)
LARGE = Host("large", "Large box", "various", "h100-sxm", 8, 300_000.0, 250_000.0, 400_000.0, 2_000.0, 10_000.0, 8.0)
PRICING = Pricing(scenario().scenario, CATALOG, Currency("EUR", 1.0 / CATALOG.usd_per("EUR")))


def _site(**limits: object) -> OwnedSite:
    return OwnedSite.model_validate({"name": "room", "country": "DE", **limits}, by_name=True)


def _part(host: Host, site: OwnedSite, rate_per_s: float, workload: str = "chat", existing: int = 0) -> PricedPart:
    """Return a workload of so many requests/s on a host that serves one a second, without spares."""
    platform = Platform(site, "DE", CATALOG.device(host.device_id), host.device_count, host=host)
    asked = SimpleNamespace(workload=SimpleNamespace(name=workload), model=SimpleNamespace(id="a-model"))
    law = cast(LawFinding, SimpleNamespace(verdict=Verdict.YES, findings=(), missing_facts=()))
    draft = Draft(cast(WorkloadDemand, asked), site.name, law, platform)
    terms = replace(OWNED, price=host.price_usd, existing=existing)
    serving: ServingPart = part(terms, tokens(rate_per_s), per_machine_per_s=1.0)
    return PricedPart(draft, serving)


# --- limits -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limits", "stage", "figures"),
    [
        ({"power_w": 7_400.0}, Stage.POWER, ("3 × Small box", "7.5 kW", "7.4 kW")),
        ({"rack_units": 11.0}, Stage.SPACE, ("3 × Small box", "12 rack units", "11")),
        ({"budget": "89 kEUR"}, Stage.BUDGET, ("3 × Small box", "90,000 EUR", "89,000 EUR")),
    ],
)
def test_a_broken_limit_is_told_with_both_figures(
    limits: dict[str, object], stage: Stage, figures: tuple[str, ...]
) -> None:
    broken = site_limits_broken([_part(SMALL, _site(**limits), 3.0)], CERTAIN, PRICING)
    assert [reason.stage for reason in broken] == [stage]
    assert all(figure in broken[0].text for figure in figures)


def test_limits_that_are_just_kept_refuse_nothing() -> None:
    site = _site(power_w=7_500.0, rack_units=12.0, budget="90 kEUR")
    assert site_limits_broken([_part(SMALL, site, 3.0)], CERTAIN, PRICING) == []


def test_all_limits_are_looked_at_not_the_first_alone() -> None:
    site = _site(power_w=1_000.0, rack_units=1.0, budget="1 kEUR")
    broken = site_limits_broken([_part(SMALL, site, 3.0)], CERTAIN, PRICING)
    assert [reason.stage for reason in broken] == [Stage.POWER, Stage.SPACE, Stage.BUDGET]


def test_what_is_there_already_needs_no_budget_but_power_and_space() -> None:
    site = _site(power_w=7_400.0, rack_units=11.0, budget="31 kEUR")
    broken = site_limits_broken([_part(SMALL, site, 3.0, existing=2)], CERTAIN, PRICING)
    assert [reason.stage for reason in broken] == [Stage.POWER, Stage.SPACE]


@pytest.mark.parametrize(("rate_per_s", "stages"), [(2.0, []), (3.0, [Stage.SITE])])
def test_what_is_there_may_be_used_but_not_added_to_where_the_site_buys_other_hosts(
    rate_per_s: float, stages: list[Stage]
) -> None:
    there = CATALOG.host("server-l40s-4")
    one = _part(there, _site(hosts=["hgx-h100-8"]), rate_per_s, existing=2)
    broken = site_limits_broken([one], CERTAIN, PRICING)
    assert [reason.stage for reason in broken] == stages
    assert all("spares: 0" in reason.text for reason in broken)  # one too few: the spare is what is missing


def test_two_workloads_share_the_room() -> None:
    site = _site(power_w=20_000.0, budget="600 kEUR")
    chat, code = _part(SMALL, site, 3.0), _part(LARGE, site, 2.0, "code")
    assert site_limits_broken([chat], CERTAIN, PRICING) == []
    assert site_limits_broken([code], CERTAIN, PRICING) == []
    broken = site_limits_broken([chat, code], CERTAIN, PRICING)
    assert [reason.stage for reason in broken] == [Stage.POWER, Stage.BUDGET]
    assert "3 × Small box and 2 × Large box draw up to 27.5 kW" in broken[0].text
    assert "690,000 EUR" in broken[1].text


def test_two_rooms_have_a_limit_each() -> None:
    here, there = _site(power_w=8_000.0), _site(power_w=8_000.0, name="other")
    assert site_limits_broken([_part(SMALL, here, 3.0), _part(SMALL, there, 3.0, "code")], CERTAIN, PRICING) == []


def test_growth_counts_against_the_limits() -> None:
    grown = _part(SMALL, _site(power_w=7_500.0), 3.0)
    demand = tokens(3.0, months=36, growth_per_year=0.5)
    grown = replace(grown, serving=replace(grown.serving, demand=demand))
    broken = site_limits_broken([grown], CERTAIN, PRICING)
    assert "10 × Small box" in broken[0].text  # 3 · 1.5^(35/12) = 9.8 a second


# --- what is there already --------------------------------------------------------------------------------------


@pytest.mark.parametrize("existing", [0, 1, 2, 4, 9])
def test_machines_that_are_there_are_used_once(existing: int) -> None:
    site = _site()
    chat, code = _part(SMALL, site, 3.0, existing=existing), _part(SMALL, site, 2.0, "code", existing)
    [joined] = join({"chat": [chat], "code": [code]}, PRICING, {id(chat): 1.0, id(code): 1.0})
    paid = sum(float(line.amounts[0]) for line in _purchases(joined))
    assert paid / SMALL.price_usd == max(5 - existing, 0)


def _purchases(one: PricedOption) -> list[Line]:
    return [line for line in cash_flow(one.case(CERTAIN)).lines if line.part == "purchase"]


def test_machines_of_another_room_are_not_shared() -> None:
    chat, code = _part(SMALL, _site(), 3.0, existing=3), _part(SMALL, _site(name="other"), 2.0, "code", existing=2)
    [joined] = join({"chat": [chat], "code": [code]}, PRICING, {id(chat): 1.0, id(code): 1.0})
    assert all(line.amounts.sum() == 0.0 for line in _purchases(joined))


# --- joining ----------------------------------------------------------------------------------------------------


def test_one_workload_has_an_option_for_each_part() -> None:
    parts = [_part(SMALL, _site(), 1.0), _part(LARGE, _site(), 1.0)]
    assert [one.parts for one in join({"chat": parts}, PRICING, {})] == [(parts[0],), (parts[1],)]


def test_several_workloads_are_joined_by_offer_by_site_and_by_cost() -> None:
    here, there = _site(), _site(name="other")
    chat = [_part(SMALL, here, 3.0), _part(LARGE, here, 3.0), _part(SMALL, there, 3.0)]
    code = [_part(SMALL, here, 2.0, "code"), _part(LARGE, here, 2.0, "code"), _part(LARGE, there, 2.0, "code")]
    cost = {id(one): float(rank) for rank, one in enumerate(itertools.chain(chat, code))}
    joined = join({"chat": chat, "code": code}, PRICING, cost)
    pairs = {(id(one.parts[0]), id(one.parts[1])) for one in joined}
    assert pairs == {
        (id(chat[0]), id(code[0])),  # the cheapest of all, of the first room, and the same box
        (id(chat[1]), id(code[1])),  # the other box for both
        (id(chat[2]), id(code[2])),  # the cheapest of the second room
    }
    assert len({one.id for one in joined}) == len(joined)


def test_a_workload_without_any_way_leaves_no_option() -> None:
    chat = _part(SMALL, _site(), 1.0)
    assert join({"chat": [chat], "code": []}, PRICING, {id(chat): 1.0}) == []


def test_options_of_the_same_offer_get_ids_of_their_own() -> None:
    same = [_part(SMALL, _site(), 1.0), _part(SMALL, _site(), 2.0)]
    assert [one.id for one in join({"chat": same}, PRICING, {})] == ["room-small", "room-small-2"]


@pytest.mark.parametrize("serving", [part(OWNED, spares=1), part(RENTED, tokens(hourly=OFFICE)), part(API)])
def test_a_range_of_demand_costs_what_each_demand_does(serving: ServingPart) -> None:
    one = option("one", serving)
    multiples = [0.1, 1.0, 3.7, 200.0]
    costs, served = costs_over_demand(one, CERTAIN, multiples)
    np.testing.assert_allclose(costs, [float(npv_cost(one.case(CERTAIN, each))) for each in multiples])
    np.testing.assert_allclose(served, [float(present_tokens(one.case(CERTAIN, each))) for each in multiples])


# --- in a whole plan --------------------------------------------------------------------------------------------


def _stages(found: Plan) -> set[Stage]:
    return {reason.stage for one in found.refused for reason in one.reasons}


def test_a_room_too_small_for_both_workloads_together_is_refused_for_the_pair() -> None:
    room = "{name: room, kind: owned, hosts: [server-l40s-4], power: %s}"
    free = plan(scenario(CHAT + NIGHT, (room % "100 kW",)))
    [both] = free.options
    peak_kw = sum(part.hosts for part in both.fleet) * CATALOG.host("server-l40s-4").power_peak_w / 1e3
    most_alone = max(part.hosts for part in both.fleet) * CATALOG.host("server-l40s-4").power_peak_w / 1e3
    tight = plan(scenario(CHAT + NIGHT, (room % f"{(peak_kw + most_alone) / 2:.2f} kW",)))
    assert tight.options == ()
    refused = next(one for one in tight.refused if Stage.POWER in {reason.stage for reason in one.reasons})
    assert refused.workload == "chat, night"


def test_a_price_that_nobody_knows_is_a_reason() -> None:
    cloud = "{name: cloud, kind: cloud, providers: [scaleway], commitment: spot}"
    found = plan(scenario(sites=(cloud, TOKENS)))
    unpriced = [one for one in found.refused if "no spot price is known" in one.reasons[0].summary]
    assert all(option.kind is not Kind.CLOUD for option in found.options)
    assert unpriced
    assert Stage.CATALOGUE in _stages(found)


def test_mixed_options_serve_both_workloads_from_different_kinds_of_site() -> None:
    found = plan(scenario(CHAT + NIGHT, (CLOUD, TOKENS)))
    for one in found.options:
        kinds = {part.kind for part in one.fleet}
        assert one.kind is (kinds.pop() if len(kinds) == 1 else Kind.MIXED)


def test_where_the_cheapest_break_a_limit_together_the_cheapest_that_keep_it_are_joined_too() -> None:
    site = _site(rack_units=20.0)
    chat = [_part(SMALL, site, 3.0), _part(LARGE, site, 1.0)]  # 12 rack units or 8
    code = [_part(SMALL, site, 3.0, "code"), _part(LARGE, site, 1.0, "code")]
    cost = {id(chat[0]): 1.0, id(chat[1]): 5.0, id(code[0]): 1.0, id(code[1]): 4.0}
    joined = [tuple(part.draft.offer_id for part in one.parts) for one in join({"a": chat, "b": code}, PRICING, cost)]
    assert ("small", "small") in joined  # it is refused afterwards, with the limit that its sum breaks
    assert ("small", "large") in joined
    assert ("large", "small") not in joined
    kept = [
        one
        for one in join({"a": chat, "b": code}, PRICING, cost)
        if not site_limits_broken(one.parts, CERTAIN, PRICING)
    ]
    assert {tuple(part.draft.offer_id for part in one.parts) for one in kept} == {
        ("small", "large"),
        ("large", "large"),
    }
