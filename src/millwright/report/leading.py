"""Which of many options a short view shows: the answer, each kind's best, what may turn out better, then by rank."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from millwright.plan.model import Kind, Option, Plan, Verdict

RIVAL_FROM = 0.1
"""From these odds of being the cheapest on, another option is named beside the answer."""
_FEW_RIVALS = 3


def leading(plan: Plan, few: int, among: Iterable[Option] | None = None) -> tuple[Option, ...]:
    """Return up to `few` options of the plan (or of `among`), in the order of the ranking.

    The answer comes in first, then the best of each kind, first of those known to be lawful, then the rivals, then
    the rest by rank: so a short list shows a cloud and an API even if ten owned fleets are cheaper.
    """
    options = tuple(plan.options if among is None else among)
    answer = [option for option in options if option.id == plan.answer.option_id]
    likely = sorted(
        (option for option in options if option.cost.probability_best >= RIVAL_FROM),
        key=lambda option: -option.cost.probability_best,
    )
    chosen = list(dict.fromkeys(option.id for option in (*answer, *_best_of_kinds(options), *likely, *options)))[:few]
    return tuple(option for option in options if option.id in chosen)


def rivals(plan: Plan) -> tuple[Option, ...]:
    """Return the options beside the answer that have fair odds of being the cheapest, the likeliest first."""
    others = [option for option in plan.options if option.id != plan.answer.option_id]
    likely = [option for option in others if option.cost.probability_best >= RIVAL_FROM]
    return tuple(sorted(likely, key=lambda option: -option.cost.probability_best)[:_FEW_RIVALS])


def rank_ranges(ranks: Sequence[int]) -> tuple[tuple[int, int], ...]:
    """Return ascending ranks as (first, last) of each unbroken run, such as ((1, 5), (8, 8))."""
    runs: list[tuple[int, int]] = []
    for rank in sorted(ranks):
        if runs and rank == runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], rank)
        else:
            runs.append((rank, rank))
    return tuple(runs)


def ranks_text(ranks: Sequence[int]) -> str:
    """Return such as `1–5, 8`."""
    return ", ".join(f"{first}" if first == last else f"{first}–{last}" for first, last in rank_ranges(ranks))


def _best_of_kinds(options: Sequence[Option]) -> list[Option]:
    best: dict[Kind, Option] = {}
    for option in (*(each for each in options if each.law.verdict is Verdict.YES), *options):
        best.setdefault(option.kind, option)
    return sorted(best.values(), key=lambda option: option.rank)
