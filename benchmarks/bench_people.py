"""How long the plan of people takes: reading the rules, one plan by kind of option and team, and a front."""

from __future__ import annotations

import time
from collections.abc import Callable

from millwright.people.coverage import coverage_plan, front
from millwright.people.demand import skill_demand
from millwright.people.programme import build, windows
from millwright.people.team import Held, Member, Team, assumed_team
from millwright.people.traits import OptionTraits
from millwright.people.ways import market

NVIDIA = frozenset({"nvidia"})
OPTIONS = {
    "tokens": OptionTraits(frozenset({"api"}), data_classes=frozenset({"personal"})),
    "cloud, 2 hosts": OptionTraits(frozenset({"cloud"}), hosts=2, devices=8, stacks=NVIDIA, multi_gpu=True),
    "own, 2 hosts": OptionTraits(frozenset({"owned"}), hosts=2, devices=8, stacks=NVIDIA, multi_gpu=True),
    "own, 6 hosts, 24x7, health": OptionTraits(
        frozenset({"owned"}),
        hosts=6,
        devices=24,
        stacks=NVIDIA,
        multi_gpu=True,
        kubernetes=True,
        on_call="24x7",
        data_classes=frozenset({"health", "personal"}),
    ),
}


def differing(count: int) -> Team:
    """Return a team whose members differ, as real ones do."""
    skills = ("linux-admin", "containers", "lan", "monitoring", "gateway", "identity", "data-protection", "scripting")
    return Team(
        tuple(
            Member(
                f"m{n}", hours_per_month=20.0 + 10.0 * n, skills={skills[n % 8]: Held(3), skills[(n + 3) % 8]: Held(2)}
            )
            for n in range(count)
        )
    )


TEAMS = {"1": assumed_team(1), "3 alike": assumed_team(3), "3 differing": differing(3), "8 differing": differing(8)}


def timed(action: Callable[[], object]) -> tuple[float, object]:
    """Return how long `action` takes [s], and what it returns."""
    start = time.perf_counter()
    result = action()
    return time.perf_counter() - start, result


def main() -> None:
    """Print seconds of one plan for month 6, with the size of its program, and of one front."""
    prices = market(85_000.0, "EUR")
    first, _ = timed(lambda: skill_demand(OPTIONS["tokens"]))
    print(f"first demand, rules read: {1e3 * first:.1f} ms")
    print(f"{'option':28} {'team':12} {'columns':>8} {'integer':>8} {'rows':>6} {'plan [s]':>9} {'gap':>7}")
    for option, traits in OPTIONS.items():
        demand = skill_demand(traits)
        for name, team in TEAMS.items():
            model = build(demand, team, prices, windows(6, 36), 36).model
            size = f"{len(model.costs):8} {sum(model.integers):8} {len(model.rows):6}"
            seconds, plan = timed(lambda: coverage_plan(demand, team, prices, go_live_month=6))  # noqa: B023
            print(f"{option:28} {name:12} {size} {seconds:9.2f} {plan.gap:7.2%}")  # type: ignore[attr-defined]
    seconds, line = timed(lambda: front(skill_demand(OPTIONS["own, 2 hosts"]), TEAMS["3 differing"], prices))
    print(f"front, own, 2 hosts, 3 differing: {seconds:.1f} s for {len(line.points)} points")  # type: ignore[attr-defined]


if __name__ == "__main__":
    main()
