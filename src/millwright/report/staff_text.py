"""Who runs an option, in sentences and rows that every view shows."""

from __future__ import annotations

from millwright.plan.model import Plan
from millwright.plan.option_model import Option, People, SkillGap
from millwright.report.format import count, estimate_text, number_text

_FEW = 4


def staff_sentences(people: People, currency: str) -> tuple[str, ...]:
    """Return what running an option asks of people: FTE, dates, cost, and what fails when somebody goes."""
    if not people.assessed:
        return (f"It takes {estimate_text(people.fte)}.", *people.notes)
    cost = number_text(people.cost_per_month, f"{currency}/month")
    before = number_text(people.cost_before_go_live, currency)
    said = [
        f"Live in month {people.go_live_month}; it takes {estimate_text(people.fte)} and {cost} for people, after "
        f"{before} before going live. All of it is in the cost of a token."
    ]
    if people.earlier is not None:
        more = number_text(people.earlier.more_per_month, f"{currency}/month")
        said.append(f"It could be live in month {people.earlier.month}, for {more} more.")
    weakest = f" (weakest: {', '.join(people.weakest[:_FEW])})" if people.weakest else ""
    said.append(
        f"Bus factor {people.bus_factor_now} now, {people.bus_factor_planned} with the plan{weakest}: so many may "
        "leave until a critical skill is gone."
    )
    said += [
        f"Without {loss.who}: {_gone(loss.gone)}{'the rota is too short' if loss.rotas else ''}".rstrip("; ") + "."
        for loss in people.losses[:_FEW]
    ]
    trainings = sum(len(path.steps) for path in people.learning)
    if people.trainings_late is not None and trainings:
        late = round(people.trainings_late)
        said.append(
            f"Of {count(trainings, 'training')} about {late} will need more attempts than are planned: begin early."
            if late
            else f"{count(trainings, 'training')}: all of them are likely to be done in time."
        )
    return (*said, *people.notes)


def staff_in_brief(people: People, currency: str) -> tuple[str, ...]:
    """Return the same in two sentences: when, how many and for how much; and how many may leave."""
    cost = number_text(people.cost_per_month, f"{currency}/month")
    before = number_text(people.cost_before_go_live, currency)
    earlier = f" Month {people.earlier.month} is possible for more." if people.earlier is not None else ""
    return (
        f"Live in month {people.go_live_month}; {estimate_text(people.fte)}, {cost}, and {before} before going live; "
        f"all in the cost of a token.{earlier}",
        f"Bus factor {people.bus_factor_now} now, {people.bus_factor_planned} with the plan.",
    )


def _gone(skills: tuple[str, ...]) -> str:
    if not skills:
        return ""
    more = f" and {len(skills) - 3} more" if len(skills) > 3 else ""
    return f"nobody has {', '.join(skills[:3])}{more}; "


def staff_actions(people: People, currency: str) -> tuple[str, ...]:
    """Return what to do, what takes longest first: hires, contracts and simplifications, then who learns what."""
    done = sorted(people.actions, key=lambda each: (each.start_month - each.ready_month, -each.cost))
    bought = [
        f"{each.kind.capitalize()}: {each.what}, from month {each.start_month}, ready in month {each.ready_month}, "
        f"{number_text(each.cost, currency)} in all."
        for each in done
    ]
    taught = [
        f"Train {path.member} for {number_text(path.hours, 'h')} until month {path.ready_month}: "
        f"{', '.join(path.steps[:_FEW])}"
        f"{f' and {len(path.steps) - _FEW} more' if len(path.steps) > _FEW else ''}."
        for path in sorted(people.learning, key=lambda each: -each.hours)
    ]
    return (*bought, *taught)


def gap_row(gap: SkillGap) -> tuple[str, str, str, str, str]:
    """Return one row of the gap matrix: skill, level, people asked for, now and live, by whom."""
    mark = " (critical)" if gap.critical else " (own people)" if gap.inside else ""
    return (
        f"{gap.title}{mark}",
        str(gap.level),
        str(gap.people),
        f"{gap.have_now} → {gap.have_at_go_live}",
        ", ".join(gap.by[:_FEW]) or "–",
    )


GAP_HEAD = ("Skill", "Level", "Asked", "Now → live", "By")


def staff_comparison(plan: Plan, chosen: Option) -> tuple[str, ...]:
    """Return what the best option of every other kind asks more of people than the answer: where the advice turns."""
    mine = chosen.people.cost_per_month
    if not chosen.people.assessed or mine is None:
        return ()
    said, seen = [], {chosen.kind}
    for option in plan.options:
        if option.kind in seen or option.people.cost_per_month is None:
            continue
        seen.add(option.kind)
        more = option.people.cost_per_month - mine
        theirs = number_text(abs(more), f"{plan.header.currency}/month")
        if more > 0.0:
            said.append(
                f"{option.title}: {theirs} more for people ({number_text(option.people.fte.value, 'FTE')}), which its "
                "machines would have to save before it draws level."
            )
        else:
            said.append(f"{option.title}: {theirs} less for people ({number_text(option.people.fte.value, 'FTE')}).")
    refused = sum(any(reason.stage.value == "people" for reason in each.reasons) for each in plan.refused)
    if refused:
        said.append(f"{count(refused, 'configuration')} cannot be run by this team in time; the reasons are below.")
    return tuple(said)
