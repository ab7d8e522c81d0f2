"""What a board should doubt: what binds, what may go wrong, what was refused, what was assumed and on whose word."""

from __future__ import annotations

from collections.abc import Sequence

from millwright.plan.model import Binding, Option, Origin, Plan, RefusedOption, Stage
from millwright.report.brief_room import Room
from millwright.report.format import assumption_value, headroom_text, shortened
from millwright.report.ranking import rival_sentences
from millwright.report.refusals import refusal_groups
from millwright.report.wording import (
    ORIGIN_WORDS,
    STAGE_WORDS,
    odds_text,
)

_LONG_NOTE = 110
_MUCH_USED = 0.5
"""From this share in use on, a limit is told for itself."""


def binding_texts(binds: Sequence[Binding]) -> list[str]:
    """Return what binds, each limit once where it binds most; limits that are hardly used stand in one line."""
    most: dict[tuple[str, str], Binding] = {}
    for bind in binds:
        place = bind.text.partition(":")[0] if bind.used_share is not None else ""
        known = most.get((bind.limit, place))
        if known is None or (bind.used_share or 0.0) > (known.used_share or 0.0):
            most[bind.limit, place] = bind
    tight = [each for each in most.values() if each.used_share is None or each.used_share >= _MUCH_USED]
    loose = [each.text.rstrip(".") for each in most.values() if each not in tight]
    spare = [f"Room to spare: {'; '.join(loose)}."] if loose else []
    return [*(f"{bind.text} {bind.relief}".strip() for bind in tight), *spare]


def risk_texts(plan: Plan, chosen: Option | None) -> list[str]:
    """Return what may go wrong; of several parts that serve a workload the one that is least sure speaks for all."""
    kept: dict[str, float] = {}
    spare: dict[str, float] = {}
    for part in chosen.fleet if chosen else ():
        if part.performance is not None and (sure := part.performance.probability_slo_met) is not None:
            kept[part.workload] = min(sure, kept.get(part.workload, sure))
        if part.headroom is not None:
            spare[part.workload] = min(part.headroom, spare.get(part.workload, part.headroom))
    slo = [f"That {name} keeps its promise at the peak is {odds_text(sure)}." for name, sure in kept.items()]
    headroom = [f"{name} has headroom over the planned peak: {headroom_text(share)}." for name, share in spare.items()]
    warnings = (*plan.warnings, *(chosen.warnings if chosen else ()))
    found = [*rival_sentences(plan), *slo, *headroom, *(warning.replace("`", "") for warning in warnings)]
    return list(dict.fromkeys(found))


def refused_rows(plan: Plan, room: Room) -> list[list[str]]:
    """Return the reasons with how many they keep out; where nothing is feasible, with each one's own figures."""
    groups = refusal_groups(plan)
    if plan.options:
        return [
            [str(len(group.members)), STAGE_WORDS[group.stage], group.summary]
            for group in groups[: room.of(room.refused, 3)]
        ]
    nearest = sorted(groups, key=lambda group: (group.stage is Stage.CATALOGUE, -len(group.members)))
    few = room.of(room.refused_examples)
    return [
        [
            str(len(group.members)) if number == 0 else "",
            STAGE_WORDS[group.stage] if number == 0 else "",
            f"{_named(refused)}: {reason.text}",
        ]
        for group in nearest
        for number, (refused, reason) in enumerate(group.members[: 1 if group.stage is Stage.CATALOGUE else few])
    ]


def _named(refused: RefusedOption) -> str:
    return f"{refused.title} ({refused.site})" if refused.site and refused.site not in refused.title else refused.title


def assumption_rows(plan: Plan, chosen: Option | None) -> list[list[str]]:
    """Return what a reader should doubt first: what the scenario leaves unsaid; then what the first option rests on
    that is stale, then claimed or estimated; then what else is stale; then the rest of the first option.
    """
    known = [item for item in plan.assumptions if item.value is not None]
    own = [item for item in known if chosen is None or item.id in chosen.assumption_ids]
    doubtful = (
        *(item for item in known if item.origin is Origin.DEFAULTED),
        *(item for item in own if item.stale),
        *(item for item in own if item.quality == "C"),
        *(item for item in known if item.stale),
        *own,
    )
    ordered = {item.id: item for item in doubtful}
    return [
        [
            item.label or item.path,
            assumption_value(item),
            f"{'stale, ' if item.stale else ''}{ORIGIN_WORDS[item.origin]}",
            shortened(item.note or item.source_title or item.path, _LONG_NOTE),
        ]
        for item in ordered.values()
    ]


def source_texts(plan: Plan, chosen: Option | None) -> list[str]:
    """Return each source once, those of the first option before the others."""
    own = [item for item in plan.assumptions if chosen is not None and item.id in chosen.assumption_ids]
    texts = [
        ", ".join(text for text in (item.source_title, item.source_url, item.date) if text)
        for item in (*own, *plan.assumptions)
        if item.source_title or item.source_url
    ]
    return list(dict.fromkeys(texts))
