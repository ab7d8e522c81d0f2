"""Who may leave before something fails, and who learns what."""

from __future__ import annotations

from dataclasses import replace

from millwright.people.bus_factor import Supplier, bus_factor, suppliers_of
from millwright.people.coverage import USUAL, coverage_plan
from millwright.people.demand import Demand, Need, Rota, skill_demand
from millwright.people.learning import learning_paths
from millwright.people.skill import load_skills
from millwright.people.team import assumed_team
from millwright.people.traits import OptionTraits
from millwright.people.ways import market

NEEDS = (
    Need("linux-admin", 3, 2, "r", "", critical=True),
    Need("gateway", 2, 1, "r", ""),
)
ROTA = Rota("night", 2, (("linux-admin", 2),), 570.0, "")
DEMAND = Demand(OptionTraits(frozenset({"owned"})), NEEDS, (), (ROTA,))


def test_the_bus_factor_is_of_the_critical_skill_that_fewest_have() -> None:
    two = (Supplier("a", {"linux-admin": 3, "gateway": 2}), Supplier("b", {"linux-admin": 3}))
    found = bus_factor(DEMAND, two)
    assert found.value == 2
    assert found.weakest == ("linux-admin",)
    assert bus_factor(DEMAND, two[:1]).value == 1
    assert bus_factor(DEMAND, ()).value == 0


def test_a_loss_tells_gone_from_thin_and_names_the_rota() -> None:
    two = (Supplier("a", {"linux-admin": 3, "gateway": 2}), Supplier("b", {"linux-admin": 3}))
    loss_of_a, loss_of_b = bus_factor(DEMAND, two).losses
    assert (loss_of_a.gone, loss_of_a.thin, loss_of_a.rotas) == (("gateway",), ("linux-admin",), ("night",))
    assert loss_of_b.gone == ()
    spare = (*two, Supplier("c", {"linux-admin": 4, "gateway": 3}))
    for loss in bus_factor(DEMAND, spare).losses:
        assert (loss.gone, loss.thin, loss.rotas) == ((), (), ())


def test_a_firm_stands_for_several_people_but_not_on_the_payroll() -> None:
    inside = Need("vendor-management", 2, 1, "r", "", inside=True)
    firm = Supplier("firm", {"linux-admin": 3, "vendor-management": 3}, people=3, inside=False, rota_seats={"night": 5})
    found = bus_factor(DEMAND, (firm,), (*NEEDS, inside))
    assert found.value == 3
    assert found.losses[0].gone == ("linux-admin",)


OWNED = skill_demand(OptionTraits(frozenset({"owned"}), hosts=2, devices=8, stacks=frozenset({"nvidia"})))
PLAN = coverage_plan(OWNED, assumed_team(3), market(85_000.0, "EUR"), go_live_month=6, effort=replace(USUAL, gap=1e-2))


def test_a_plan_lifts_the_bus_factor_to_two_and_nobody_alone_can_stop_a_critical_skill() -> None:
    assert PLAN.bus_factor_before.value == 0 == bus_factor(OWNED, suppliers_of(assumed_team(3))).value
    assert PLAN.bus_factor_after.value >= 2
    critical = {need.skill for need in OWNED.needs if need.critical}
    for loss in PLAN.bus_factor_after.losses:
        assert not critical & set(loss.gone)


def test_a_path_is_in_order_and_each_step_has_its_exercise() -> None:
    paths = learning_paths(PLAN)
    assert paths
    for path in paths:
        assert [step.order for step in path.steps] == list(range(1, len(path.steps) + 1))
        assert path.hours == sum(step.hours for step in path.steps)
        for step in path.steps:
            skill = load_skills()[step.skill]
            assert step.lab == f"lab/{skill.area}/{skill.id}/{step.to_level}"
            assert step.can_do == skill.levels[step.to_level - 1]
            assert step.start_month <= step.ready_month <= PLAN.go_live_month + 12
