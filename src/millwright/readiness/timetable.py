"""Put actions on a calendar: each after what it needs, all within the team's hours, and which of them set the end."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from millwright.readiness.actions import Action
from millwright.spans import WEEKS_PER_MONTH

LONGEST_WEEKS = 520
"""A timetable that takes longer than ten years is given up: the hours do not suffice."""


@dataclass(frozen=True)
class Slot:
    """When an action is done: weeks from the start, the end excluded. `critical`: the end of all waits for it."""

    action: str
    start_week: int
    end_week: int
    hours: float
    waits_for: str = ""
    critical: bool = False

    def dates(self, start: dt.date) -> tuple[dt.date, dt.date]:
        """Return the first and the last day."""
        first = start + dt.timedelta(weeks=self.start_week)
        return first, start + dt.timedelta(weeks=self.end_week, days=-1)


def timetable(
    chosen: Collection[str], actions: Mapping[str, Action], hours_per_month: float, order: Sequence[str]
) -> tuple[Slot, ...]:
    """Return when each chosen action is done, by start. `order` says which comes first where hours are short.

    An action begins once all it needs are done, spreads its hours evenly over its weeks, and takes longer where the
    hours of a week are used up. It is a serial schedule: good, and not always the shortest. Raises ValueError where the
    hours do not suffice within ten years.
    """
    per_week = hours_per_month / WEEKS_PER_MONTH
    used: list[float] = []
    done: dict[str, Slot] = {}
    waiting = sorted(chosen, key=lambda each: (order.index(each) if each in order else len(order), each))
    while waiting:
        ready = next(each for each in waiting if all(need not in waiting for need in actions[each].needs))
        waiting.remove(ready)
        before = [done[need] for need in actions[ready].needs if need in done]
        first = max((slot.end_week for slot in before), default=0)
        done[ready] = _placed(actions[ready], first, per_week, used, before, list(done.values()))
    return tuple(sorted(_with_critical(done), key=lambda slot: (slot.start_week, slot.end_week, slot.action)))


def _placed(
    action: Action, first: int, per_week: float, used: list[float], before: list[Slot], earlier: list[Slot]
) -> Slot:
    """Place an action from week `first` on, in the hours that `used` leaves of each week, and take them."""
    pace, left, week, start = action.hours.middle / action.weeks, action.hours.middle, first, None
    while start is None or left > 1e-9 or week < start + action.weeks:
        if week > LONGEST_WEEKS:
            raise ValueError(f"{per_week:.1f} hours a week do not suffice for '{action.title}' within ten years")
        used.extend([0.0] * (week + 1 - len(used)))
        wanted = pace if start is None else max(pace, left / max(1, start + action.weeks - week))
        taken = max(0.0, min(left, wanted, per_week - used[week]))
        if start is None and (taken > 1e-9 or left <= 1e-9):
            start = week
        if start is not None:
            used[week] += taken
            left -= taken
        week += 1
    slot = Slot(action.id, start, week, action.hours.middle)
    return replace(slot, waits_for=_held_by(slot, action.weeks, first, before, earlier))


def _held_by(slot: Slot, weeks: int, first: int, before: list[Slot], earlier: list[Slot]) -> str:
    """Return the action that kept a slot from ending sooner: one it needs, or one that had the hours first."""
    if slot.start_week > first or slot.end_week > slot.start_week + weeks:
        rivals = [each for each in earlier if each.end_week > first and each.start_week < slot.end_week and each.hours]
        if rivals:
            return max(rivals, key=lambda each: (each.end_week <= slot.start_week, each.end_week)).action
    return next((each.action for each in before if each.end_week == first), "")


def _with_critical(done: Mapping[str, Slot]) -> list[Slot]:
    """Mark the chain of actions, each waiting for the one before, that ends last."""
    chain: set[str] = set()
    last = max(done.values(), key=lambda slot: slot.end_week, default=None)
    while last is not None and last.action not in chain:
        chain.add(last.action)
        last = done.get(last.waits_for)
    return [replace(slot, critical=slot.action in chain) for slot in done.values()]
