"""An assessment and its roadmap as plain JSON values."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from millwright.readiness.assessment import Assessment, AxisScore, Range, axis_scores, narrowing
from millwright.readiness.gates import GateFinding, Needs, gate_findings
from millwright.readiness.questions import load_questions
from millwright.readiness.roadmap import Planned, Reach, Roadmap, findings_by_kind, open_kinds


def readiness_json(
    assessment: Assessment, needs: Needs, roadmap: Roadmap, reaches: Sequence[Reach] = ()
) -> dict[str, Any]:
    """Return everything `millwright assess` tells; scores are from 0 to 100, money is in `currency`."""
    return {
        "name": assessment.name,
        "axes": [axis_json(each) for each in axis_scores(assessment)],
        "answers": {
            question: {"level": answer.level, "evidence": str(answer.evidence), "because": answer.because}
            for question, answer in assessment.answers.items()
        },
        "unknown": [each for each in load_questions().questions if each not in assessment.answers],
        "narrow_next": [
            {"question": each.question.id, "asks": each.question.asks, "points": each.points, "state": each.state}
            for each in narrowing(assessment)
        ],
        "kinds": {
            kind: [gate_json(each) for each in found] for kind, found in findings_by_kind(assessment, needs).items()
        },
        "open_kinds": list(open_kinds(assessment, needs)),
        "findings": [gate_json(each) for each in gate_findings(assessment, needs)],
        "roadmap": roadmap_json(roadmap),
        "this_quarter": [reach_json(each) for each in reaches],
    }


def range_json(each: Range) -> dict[str, float]:
    """Return low and high."""
    return {"low": each.low, "high": each.high}


def axis_json(score: AxisScore) -> dict[str, Any]:
    """Return one axis with its score."""
    return {**dataclasses.asdict(score), "score": range_json(score.score)}


def gate_json(finding: GateFinding) -> dict[str, Any]:
    """Return one gate that is not passed."""
    gate = finding.gate
    return {
        "gate": gate.id,
        "effect": str(gate.effect),
        "state": str(finding.state),
        "blocks": finding.blocks,
        "question": gate.question,
        "level_needed": gate.level,
        "why": gate.why,
        "remedy": finding.remedy,
    }


def roadmap_json(roadmap: Roadmap) -> dict[str, Any]:
    """Return the dated actions with their sums."""
    return {
        "currency": roadmap.currency,
        "size": str(roadmap.size),
        "hours_per_month": roadmap.hours_per_month,
        "hours_assumed": roadmap.hours_assumed,
        "until": None if roadmap.until is None else roadmap.until.isoformat(),
        "conditions_met": None if roadmap.conditions_met is None else roadmap.conditions_met.isoformat(),
        "hours": range_json(roadmap.hours),
        "cost": range_json(roadmap.cost),
        "monthly": range_json(roadmap.monthly),
        "out_of_reach": list(roadmap.out_of_reach),
        "unknown": roadmap.unknown,
        "before": [axis_json(each) for each in roadmap.before],
        "after": [axis_json(each) for each in roadmap.after],
        "actions": [action_json(each) for each in roadmap.actions],
    }


def action_json(planned: Planned) -> dict[str, Any]:
    """Return one action with its dates."""
    action = planned.action
    return {
        "id": action.id,
        "title": action.title,
        "does": action.does,
        "owner": action.owner,
        "start": planned.start.isoformat(),
        "end": planned.end.isoformat(),
        "hours": range_json(action.hours),
        "cost": range_json(planned.cost),
        "monthly": range_json(planned.monthly),
        "needs": list(action.needs),
        "waits_for": planned.slot.waits_for,
        "critical": planned.slot.critical,
        "closes": list(planned.gaps),
        "gates": [each.id for each in planned.gates],
        "points": planned.points,
        "instead": list(planned.instead),
        "source": action.source,
    }


def reach_json(reach: Reach) -> dict[str, Any]:
    """Return what a quarter brings with some means."""
    return {
        "label": reach.label,
        "budget": reach.budget,
        "hours": reach.hours,
        "actions": list(reach.actions),
        "axes": [axis_json(each) for each in reach.scores],
        "open_kinds": list(reach.open_kinds),
        "clear_kinds": list(reach.clear_kinds),
    }
