"""A plan of people as plain JSON values."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from millwright.people.bus_factor import BusFactor
from millwright.people.demand import Demand
from millwright.people.learning import learning_paths
from millwright.people.plan import PeoplePlan
from millwright.people.skill import load_skills
from millwright.people.traits import OptionTraits


def skills_json(ids: Iterable[str]) -> dict[str, Any]:
    """Return the skills `ids` with what O*NET and ESCO have for them, and how those lists were read."""
    book = load_skills()
    return {
        "taxonomies": {name: dict(about) for name, about in book.taxonomies.items()},
        "skills": [
            {
                "id": skill.id,
                "title": skill.title,
                "onet": list(skill.onet),
                "esco": [{"uri": each.uri, "label": each.label, "match": str(each.match)} for each in skill.esco],
            }
            for skill in (book[id_] for id_ in sorted(set(ids)))
        ],
    }


def demand_json(demand: Demand) -> dict[str, Any]:
    """Return what an option asks of people as JSON values."""
    return {
        "traits": _traits(demand.traits),
        "hours_per_month": round(demand.hours_per_month, 2),
        "rota_people": demand.rota_people,
        "needs": [
            {
                "skill": need.skill,
                "level": need.level,
                "people": need.people,
                "critical": need.critical,
                "inside": need.inside,
                "rule": need.rule,
                "reason": need.reason,
                "added_by": need.added_by or None,
                "dropped_by": sorted(need.dropped_by),
            }
            for need in demand.needs
        ],
        "tasks": [
            {
                "task": work.task,
                "title": work.title,
                "skill": work.skill,
                "level": work.level,
                "hours_per_month": round(work.hours_per_month, 2),
                "added_by": work.added_by or None,
            }
            for work in demand.work
        ],
    }


def plan_json(plan: PeoplePlan) -> dict[str, Any]:
    """Return a plan of people as JSON values."""
    return {
        "feasible": plan.feasible,
        "reason": plan.reason or None,
        "go_live_month": plan.go_live_month,
        "service_months": plan.service_months,
        "currency": plan.currency,
        "budget": plan.budget,
        "total_cost": None if plan.uncovered else round(plan.total_cost, 2),
        "cost_before_go_live": None if plan.uncovered else round(plan.cost_before_go_live, 2),
        "service_cost_per_month": None if plan.uncovered else round(plan.service_cost_per_month, 2),
        "service_fte": None if plan.uncovered else round(plan.service_fte, 4),
        "proven": plan.proven,
        "gap": round(plan.gap, 6),
        "chance_in_time": round(plan.chance_in_time, 4),
        "expected_late": round(plan.expected_late, 3),
        "costs": {str(cause): [round(each, 2) for each in months] for cause, months in plan.costs.items()},
        "own_fte": [round(each, 4) for each in plan.own_fte],
        "hired_fte": list(plan.hired_fte),
        "hours": {member: [round(each, 2) for each in months] for member, months in plan.hours.items()},
        "actions": [
            {
                "kind": str(action.kind),
                "who": action.who,
                "what": action.what,
                "count": action.count,
                "start_month": action.start_month,
                "ready_month": action.ready_month,
                "until_month": action.until_month,
                "hours": round(action.hours, 1),
                "cost": round(action.cost, 2),
                "chance": round(action.chance, 4),
                "skill": action.skill or None,
                "level": action.level or None,
            }
            for action in plan.actions
        ],
        "gaps": [
            {
                "skill": gap.skill,
                "level": gap.level,
                "people": gap.people,
                "critical": gap.critical,
                "inside": gap.inside,
                "asked": gap.asked,
                "have_now": gap.have_now,
                "have_at_go_live": gap.have_at_go_live,
                "by": list(gap.by),
                "reason": gap.reason,
            }
            for gap in plan.gaps
        ],
        "uncovered": [
            {
                "what": each.what,
                "skill": each.skill or None,
                "level": each.level or None,
                "missing": round(each.missing, 2),
                "unit": each.unit,
                "from_month": each.from_month,
                "critical": each.critical,
                "why": each.why,
            }
            for each in plan.uncovered
        ],
        "bus_factor": {"before": _bus_factor(plan.bus_factor_before), "after": _bus_factor(plan.bus_factor_after)},
        "learning_paths": [
            {
                "member": path.member,
                "hours": round(path.hours, 1),
                "steps": [
                    {
                        "order": step.order,
                        "skill": step.skill,
                        "from_level": step.from_level,
                        "to_level": step.to_level,
                        "can_do": step.can_do,
                        "practice": str(step.practice),
                        "hours": round(step.hours, 1),
                        "start_month": step.start_month,
                        "ready_month": step.ready_month,
                        "lab": step.lab,
                        "builds_on": list(step.builds_on),
                        "proof_only": step.proof_only,
                    }
                    for step in path.steps
                ],
            }
            for path in learning_paths(plan)
        ],
    }


def _bus_factor(found: BusFactor) -> dict[str, Any]:
    return {
        "value": found.value,
        "weakest": list(found.weakest),
        "losses": [
            {"who": loss.who, "gone": list(loss.gone), "thin": list(loss.thin), "rotas": list(loss.rotas)}
            for loss in found.losses
        ],
    }


def _traits(traits: OptionTraits) -> dict[str, Any]:
    return {
        name: sorted(value) if isinstance(value, frozenset) else str(value) if isinstance(value, str) else value
        for name, value in vars(traits).items()
    }
