"""Refusals by reason, so that five hundred of them stay readable."""

from __future__ import annotations

from dataclasses import dataclass

from millwright.plan.model import Plan, RefusalReason, RefusedOption, Stage


@dataclass(frozen=True, slots=True)
class RefusalGroup:
    """All refusals for one reason. An option with two reasons is in two groups: none of its reasons is lost."""

    stage: Stage
    summary: str
    members: tuple[tuple[RefusedOption, RefusalReason], ...]

    @property
    def only_reason_of(self) -> int:
        """Number of options that nothing else keeps out."""
        return sum(len(refused.reasons) == 1 for refused, _ in self.members)


def refusal_groups(plan: Plan) -> tuple[RefusalGroup, ...]:
    """Return the refusals grouped by stage and reason, the largest group first."""
    members: dict[tuple[Stage, str], list[tuple[RefusedOption, RefusalReason]]] = {}
    for refused in plan.refused:
        for reason in refused.reasons:
            members.setdefault((reason.stage, reason.summary), []).append((refused, reason))
    groups = [RefusalGroup(stage, summary, tuple(found)) for (stage, summary), found in members.items()]
    return tuple(sorted(groups, key=lambda group: (-len(group.members), group.stage, group.summary)))
