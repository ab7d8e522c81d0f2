"""Who minds what: the cost and date of the people for each offer, as the optimum of the mixed fleet reckons with them.

They are those of the plan's own options: what an offer alone costs in people there, it costs here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from millwright.finance.figures import npv_cost, present_tokens
from millwright.law.kleene import Verdict
from millwright.plan.costing import CrewTerms, Inputs, StaffTerms
from millwright.plan.draft import Draft, Where
from millwright.plan.mix_costs import Stages, staff_cost
from millwright.plan.model import Kind, RefusedOption, Stage
from millwright.plan.priced import PricedOption, option_of, price_draft
from millwright.plan.terms import Pricing

Staff = Callable[[PricedOption], PricedOption | None]
"""Gives an option the people who run it; None where nobody can."""

_LEVEL = 0.005
"""Costs of people within this share of the dearest are told apart no further: an integer program of few steps."""


@dataclass(frozen=True)
class Minders:
    """Present cost of the people for each offer, by place, and for each kind of offer where a place is not known.

    `start` is the month of going live; what `nobody` can run is barred.
    """

    start: int = 0
    by_place: Mapping[Where, float] = field(default_factory=dict)
    by_kind: Mapping[Kind, float] = field(default_factory=dict)
    nobody: frozenset[Where] = frozenset()

    def cost(self, draft: Draft) -> float:
        """Return the present cost of the people for what `draft` is [currency]."""
        return self.by_place.get(draft.where, self.by_kind.get(draft.kind, 0.0))


def minders(
    drafts: Iterable[Draft],
    singles: Sequence[PricedOption],
    refused: Iterable[RefusedOption],
    pricing: Pricing,
    central: Inputs,
    staff: Staff | None = None,
) -> Minders:
    """Return who minds what, by the plan's options; of a kind that has none there, one of its `drafts` is asked for.

    Going live is taken to be when the best of the `singles` does.
    """
    best = min(singles, key=lambda one: (one.verdict is not Verdict.YES, lcot(one, central)), default=None)
    start = 0 if best is None else best.go_live_month
    by_place: dict[Where, float] = {}
    by_kind: dict[Kind, float] = {}

    def note(option: PricedOption) -> None:
        cost = _present(option.staff, option.parts[0].serving.demand.months, central)
        places = {part.draft.where for part in option.parts}
        kinds = {part.draft.kind for part in option.parts}
        if len(places) == 1:
            place = places.pop()
            by_place[place] = min(cost, by_place.get(place, cost))
        if len(kinds) == 1:
            kind = kinds.pop()
            by_kind[kind] = min(cost, by_kind.get(kind, cost))

    for option in singles:
        note(option)
    nobody = {
        (each.site, each.offer)
        for each in refused
        if any(reason.stage is Stage.PEOPLE for reason in each.reasons) and (each.site, each.offer) not in by_place
    }
    drafts = tuple(drafts)
    for draft in drafts:
        if draft.kind not in by_kind and (alone := _alone(draft, pricing, staff)) is not None:
            note(alone)
    for kind in {draft.kind for draft in drafts} - by_kind.keys():  # nothing of it can be priced as it is
        by_kind[kind] = _present(pricing.staff(frozenset({kind})), drafts[0].asked.tokens.months, central)
    return Minders(start, by_place, by_kind, frozenset(nobody))


def levels(costs: Iterable[float]) -> list[float]:
    """Return the costs that are told apart, least first: each within half a per cent of the dearest of a level."""
    distinct = sorted(set(costs), reverse=True)
    apart = _LEVEL * (distinct[0] if distinct else 0.0)
    found: list[float] = []
    for cost in distinct:
        if not found or cost < found[-1] - apart:
            found.append(cost)
    return sorted(found)


def lcot(option: PricedOption, central: Inputs) -> float:
    """Return the central cost of a million tokens, as options are ranked by it [currency/Mtok]."""
    case = option.case(central)
    return float(np.asarray(npv_cost(case))) / float(np.asarray(present_tokens(case))) * 1e6


def _alone(draft: Draft, pricing: Pricing, staff: Staff | None) -> PricedOption | None:
    """Return the option that is one draft alone, with its people; None where that cannot be."""
    if draft.api is None and (draft.answer is None or draft.answer.performance is None):
        return None
    part = price_draft(draft, pricing, pricing.scenario.limits.spares)
    if isinstance(part, RefusedOption):
        return None
    option = option_of((part,), pricing)
    return option if staff is None else staff(option)


def _present(staff: StaffTerms | CrewTerms, months: int, central: Inputs) -> float:
    return staff_cost(staff, Stages.of(months), central)
