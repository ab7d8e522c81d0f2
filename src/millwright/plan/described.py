"""The ranked options described one by one: cost with its odds, fleet, people, exit; the leading ones in full."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from millwright.finance.distributions import UncertainInput
from millwright.finance.uncertainty import sample, values_at
from millwright.plan.counted import planned_load
from millwright.plan.crew import look_ahead
from millwright.plan.making import Making
from millwright.plan.model import BreakEven, Option
from millwright.plan.money import Odds, break_even, published_cost
from millwright.plan.performance import Runs, simulate_planned
from millwright.plan.priced import PricedOption
from millwright.plan.publish import published_option
from millwright.plan.ranked import detailed_options, rivals_of_all
from millwright.plan.ready import conditions_of, published_exit
from millwright.plan.speculation_effect import plain_parts


def described_options(
    making: Making,
    ranked: Sequence[PricedOption],
    odds: Odds | None,
    inputs: Sequence[UncertainInput],
    assumption_ids: Mapping[str, tuple[str, ...]],
) -> tuple[Option, ...]:
    """Return the `ranked` options as published; the leading ones, and each kind's best, in full.

    There are `odds` of the uncertain `inputs` wherever there are options; `assumption_ids` are by option.
    """
    clock, depth, crew = making.clock, making.depth, making.crew
    detailed = detailed_options(ranked, depth.detailed)
    runs = _runs(making, ranked, detailed) if depth.latency else None
    clock.done("simulating the planned load")
    if crew is not None:
        clock.tell("describing options", 0, len(ranked))
        look_ahead((option for option in ranked if option.id in detailed), crew)
    band = values_at(inputs, sample(inputs, depth.band_draws, making.seed))
    rivals = rivals_of_all(ranked)
    published: list[Option] = []
    for rank, option in enumerate(ranked, start=1):
        clock.tell("describing options", rank - 1, len(ranked))
        assert odds is not None, "there are odds wherever there are options"
        in_full = option.id in detailed
        break_evens: list[BreakEven] = []
        if in_full and rank <= depth.break_evens:
            break_evens = [break_even(option, other, odds, making.central) for other in rivals if other.id != option.id]
        cost = published_cost(option, odds, making.central, band, making.scenario.finance, break_evens, in_full=in_full)
        described = published_option(
            option, rank, cost, making.scenario, making.pricing, making.central, making.today,
            assumption_ids[option.id], runs,
            curves=in_full and depth.curves, crew=crew if in_full else None,
        )  # fmt: skip
        judged = [part.draft for part in option.parts]
        more = {
            "exit": published_exit(option, cost, making.pricing, making.central),
            "conditions": conditions_of(option, making.assessment, making.scenario),
            "sovereignty": making.sovereigns.sovereignty(judged),
            "air_gap": making.sovereigns.air_gap(judged),
        }
        published.append(described.model_copy(update=more))
    clock.done("describing options")
    return tuple(published)


def _runs(making: Making, ranked: Sequence[PricedOption], detailed: Collection[str]) -> Runs:
    """Return every part of the options, simulated at the load it is planned for."""
    parts = [part for option in ranked for part in option.parts]
    parts += plain_parts([option for option in ranked if option.id in detailed])
    planned = (planned_load(part, making.central) for part in parts)
    return simulate_planned(
        [load for load in planned if load is not None],
        lambda done, of: making.clock.tell("simulating the planned load", done, of),
    )
