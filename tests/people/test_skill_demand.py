"""What an option asks of people follows from its traits, by rules."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from millwright.errors import InputError
from millwright.people.demand import skill_demand
from millwright.people.traits import OptionTraits, read_condition, stack_of

TOKENS = OptionTraits(frozenset({"api"}))
OWNED = OptionTraits(frozenset({"owned"}), hosts=2, devices=8, stacks=frozenset({"nvidia"}))
CLOUD = OptionTraits(frozenset({"cloud"}), hosts=2, devices=8, stacks=frozenset({"nvidia"}))


def asked(traits: OptionTraits) -> set[str]:
    return {need.skill for need in skill_demand(traits).standing_needs()}


@pytest.mark.parametrize(
    ("traits", "change", "skills"),
    [
        (CLOUD, {"kinds": frozenset({"owned"})}, {"firmware", "power-and-cooling", "spares", "hardware-faults"}),
        (OWNED, {"air_gapped": True}, {"airgap-mirroring", "offline-updates", "registry"}),
        (OWNED, {"kubernetes": True}, {"kubernetes", "gpu-scheduling"}),
        (OWNED, {"multi_node": True}, {"multi-node", "rdma-fabric"}),
        (CLOUD, {"multi_node": True}, {"multi-node"}),
        (OWNED, {"stacks": frozenset({"amd"})}, {"amd-stack", "profiling"}),
        (OWNED, {"stacks": frozenset({"asic"})}, {"asic-stack"}),
        (OWNED, {"disaggregated": True}, {"disaggregation"}),
        (TOKENS, {"fine_tuning": True}, {"fine-tuning", "data-quality", "dataset-versions"}),
        (TOKENS, {"data_classes": frozenset({"personal"})}, {"data-protection", "personal-data"}),
        (TOKENS, {"data_classes": frozenset({"health"})}, {"sector-rules", "risk-management"}),
    ],
)
def test_each_trait_adds_its_skills(traits: OptionTraits, change: dict[str, Any], skills: set[str]) -> None:
    assert skills <= asked(traits.changed(change)) - asked(traits)


def test_a_fabric_of_ones_own_is_asked_for_only_where_the_machines_are() -> None:
    assert "rdma-fabric" not in asked(CLOUD.changed({"multi_node": True}))


def test_around_the_clock_takes_five_people() -> None:
    assert skill_demand(OWNED.changed({"on_call": "24x7"})).rota_people == 5
    assert skill_demand(OWNED.changed({"availability": 0.9995})).rota_people == 5
    assert skill_demand(OWNED).rota_people == 2
    assert skill_demand(OWNED.changed({"on_call": "none"})).rota_people == 0


def test_who_buys_tokens_needs_no_rota() -> None:
    assert skill_demand(TOKENS.changed({"on_call": "24x7"})).rota_people == 0


@given(st.sampled_from([TOKENS, OWNED, CLOUD]), st.booleans(), st.booleans(), st.booleans())
def test_critical_skills_need_two_people_or_more(base: OptionTraits, gap: bool, nodes: bool, tuned: bool) -> None:
    traits = base.changed({"air_gapped": gap, "multi_node": nodes, "fine_tuning": tuned})
    critical = [need for need in skill_demand(traits).needs if need.critical]
    assert critical or base is TOKENS
    assert all(need.people >= 2 for need in critical)


def test_bought_tokens_have_a_deputy_where_the_data_are_regulated() -> None:
    plain, regulated = (
        skill_demand(TOKENS.changed({"data_classes": frozenset({each})})) for each in ("internal", "health")
    )
    assert not any(need.critical for need in plain.standing_needs())
    assert any(need.critical and need.people == 2 for need in regulated.standing_needs())


FLAGS = (
    "air_gapped",
    "kubernetes",
    "multi_gpu",
    "multi_node",
    "disaggregated",
    "quantised",
    "fine_tuning",
    "retrieval",
)


@given(
    st.sampled_from([TOKENS, OWNED, CLOUD]),
    st.frozensets(st.sampled_from(FLAGS)),
    st.sampled_from(FLAGS),
    st.integers(0, 40),
)
@settings(max_examples=60)
def test_a_further_trait_or_host_never_asks_less(
    base: OptionTraits, flags: frozenset[str], flag: str, hosts: int
) -> None:
    less = base.changed(dict.fromkeys(flags, True))
    more = less.changed({flag: True, "hosts": base.hosts + hosts})
    few, many = skill_demand(less), skill_demand(more)
    assert many.hours_per_month >= few.hours_per_month
    for need in few.standing_needs():
        assert any(
            other.skill == need.skill and other.level >= need.level and other.people >= need.people
            for other in many.standing_needs()
        ), need


def test_own_machines_take_about_what_is_reported_and_tokens_a_small_part_of_it() -> None:
    """0.5–1.5 FTE of 135 h for GPU operations on premises (sesamedisk.com citing Lenovo and Deloitte, 2026)."""
    owned = skill_demand(OWNED.changed({"hosts": 6, "devices": 48, "kubernetes": True, "on_call": "24x7"}))
    assert 0.5 * 135 <= owned.hours_per_month <= 1.5 * 135
    assert skill_demand(TOKENS).hours_per_month < 0.25 * owned.hours_per_month


def test_a_need_says_which_simplification_ends_it_and_what_a_service_brings_with_it() -> None:
    demand = skill_demand(OWNED.changed({"kubernetes": True}))
    [cluster] = [need for need in demand.needs if need.skill == "kubernetes"]
    assert cluster.dropped_by == {"plain-containers"}
    steering = [need for need in demand.needs if need.added_by == "managed-platform"]
    assert {need.skill for need in steering} >= {"vendor-management"}
    assert all(need not in demand.standing_needs() for need in steering)


def test_a_condition_names_a_trait_that_there_is_not() -> None:
    with pytest.raises(InputError, match="no trait 'colour'"):
        read_condition({"colour": "red"}, "a rule")
    with pytest.raises(InputError, match="one of has, at_least"):
        read_condition({"hosts": {"over": 3}}, "a rule")


def test_vendors_that_no_rule_names_count_as_a_stack_of_their_own() -> None:
    assert stack_of("NVIDIA") == "nvidia"
    assert stack_of("Tenstorrent") == "asic"
    assert stack_of("amd", "cpu") == "cpu"
