"""The plan on a terminal: the answer first, then the ranking, what binds, what was refused, what was assumed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich import box
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from millwright.plan.model import Assumption, Plan, Verdict
from millwright.report.format import assumption_value, bare, count
from millwright.report.glance import around_the_answer, decision
from millwright.report.grouping import duties_of
from millwright.report.leading import leading, ranks_text
from millwright.report.mix_text import (
    gap_text,
    limits_text,
    part_text,
    proof_texts,
    purchase_texts,
)
from millwright.report.ranking import LatencyCell, RankingRow, odds_label, ranking, rival_sentences
from millwright.report.readiness import axis_range, condition_texts, exit_texts, readiness_texts
from millwright.report.refusals import refusal_groups
from millwright.report.sharing_text import jobs_of_answer, sharing_texts
from millwright.report.sovereign_text import narrowing_text, objective_text, sovereignty_line
from millwright.report.staff_text import (
    GAP_HEAD,
    gap_row,
    staff_actions,
    staff_comparison,
    staff_sentences,
)
from millwright.report.wording import (
    ORIGIN_WORDS,
    STAGE_WORDS,
    VERDICT_HEADINGS,
    VERDICT_MARKS,
    VERDICT_WORDS,
    odds_text,
    rules_text,
)

_FEW_OPTIONS = 6
_FEW_PARTS = 3
_VERDICT_STYLES = {Verdict.YES: "green", Verdict.NO: "red", Verdict.UNKNOWN: "yellow"}


def print_plan(plan: Plan, console: Console, *, show_all: bool = False) -> None:
    """Print the plan to `console` on about one screen; `show_all` prints everything that the plan holds.

    Text from the scenario is printed as it is: Rich's markup in it has no effect.
    """
    head = " · ".join(text for text in (plan.header.scenario_name, plan.header.organisation) if text)
    console.print(Rule(Text(head, style="bold"), align="left", style="dim"))
    for block in _everything(plan) if show_all else _one_screen(plan):
        console.print(block)


def _one_screen(plan: Plan) -> list[RenderableType]:
    blocks = [*_sentence(plan), decision(plan), *_ranking(plan, False), *_sharing(plan, False)]
    blocks += [*_jobs(plan), *_mix(plan, False)]
    return [*blocks, Text(), around_the_answer(plan), *_foot(plan)]


def _everything(plan: Plan) -> list[RenderableType]:
    blocks = [
        *_answer(plan),
        *_ranking(plan, True),
        *_sharing(plan, True),
        *_jobs(plan),
        *_mix(plan, True),
        *_binds(plan),
        *_duties(plan),
        *_sovereignty(plan),
    ]
    blocks += [*_people(plan), *_leaving(plan), *_readiness(plan)]
    return [*blocks, *_refused(plan), *_assumed(plan), *_foot(plan)]


def _sentence(plan: Plan) -> list[RenderableType]:
    answer = plan.answer
    blocks: list[RenderableType] = [Text(answer.sentence, style="bold")]
    if answer.option_id is not None:
        blocks.append(Text(f"{odds_label(plan)}: {odds_text(answer.probability)}."))
    return blocks


def _answer(plan: Plan) -> list[RenderableType]:
    answer = plan.answer
    blocks = _sentence(plan)
    if found := rival_sentences(plan):
        blocks += [Text(), _items("Rivals", found)]
    if answer.turns:
        blocks += [Text(), _items("It would turn", [turn.sentence for turn in answer.turns])]
    if answer.next_steps:
        blocks += [Text(), _items("Next", answer.next_steps, numbered=True)]
    return blocks


def _ranking(plan: Plan, show_all: bool) -> list[RenderableType]:
    if not plan.options:
        return []
    rows = ranking(plan, plan.options if show_all else leading(plan, _FEW_OPTIONS), whole=show_all)
    currency = plan.header.currency
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False, show_edge=False, expand=True)
    table.add_column("#", justify="right", style="bold", no_wrap=True)
    table.add_column("Option", ratio=1)
    table.add_column(f"{currency}/Mtok\n(80 %)", justify="right", no_wrap=True)
    table.add_column(f"To buy\n{currency}", justify="right", no_wrap=True)
    table.add_column(f"A month\n{currency}", justify="right", no_wrap=True)
    table.add_column("Law", justify="center", no_wrap=True)
    table.add_column("Best", justify="right", no_wrap=True)
    verdicts = tuple(dict.fromkeys(row.verdict for row in rows))
    for verdict in verdicts:
        if len(verdicts) > 1:
            table.add_row("", Text(VERDICT_HEADINGS[verdict], style=_VERDICT_STYLES[verdict]))
        for row in rows:
            if row.verdict is verdict:
                table.add_row(*_cells(row, currency, latency=show_all or row.option.id == plan.answer.option_id))
    blocks: list[RenderableType] = [_heading(f"{count(len(plan.options), 'feasible option')}, best first"), table]
    legend = ", ".join(f"{VERDICT_MARKS[verdict]} {VERDICT_WORDS[verdict]}" for verdict in verdicts)
    note = f"Law: {legend}. Best: odds of being the cheapest."
    if show_all:
        note = f"Latency at the planned peak; kept: chance that the limits hold then. {note}"
    if len(rows) < len(plan.options):
        note = f"{len(plan.options) - len(rows)} more, and every latency, with --all. {note}"
    blocks.append(Text(note, style="dim"))
    return blocks


def _cells(row: RankingRow, currency: str, *, latency: bool) -> list[RenderableType]:
    name = Text(row.title, style="bold")
    name.append(f"\n{'; '.join(row.fleet)} · {row.where}", style="dim")
    latencies = ", ".join(_latency(cell) for cell in row.latencies)
    headroom = f"headroom {row.headroom}" if row.headroom else ""
    kept = f"kept with {row.kept}" if row.kept else ""
    if latency and (seen := ", ".join(text for text in (latencies, headroom, kept) if text)):
        name.append("\n" + seen, style="dim")
    lcot = Text(row.lcot.value, style="bold")
    lcot.append(f"\n{row.lcot.interval}", style="dim")
    verdict = Text(VERDICT_MARKS[row.verdict], style=_VERDICT_STYLES[row.verdict])
    capex, opex = (bare(shown, currency) for shown in (row.capex, row.opex))
    return [row.rank, name, lcot, "–" if capex == "0" else capex, opex, verdict, row.odds]


def _latency(cell: LatencyCell) -> str:
    return f"{cell.label} {cell.shown.value} {cell.shown.unit} of {cell.limit}"


def _mix(plan: Plan, show_all: bool) -> list[RenderableType]:
    """What the mixed fleet is, its worth, proof and limits' prices; only what it is worth where it is no option.

    Limits in conflict stand among the next steps already.
    """
    mix = plan.mix
    if mix is None:
        return []
    blocks: list[RenderableType] = [_heading("The mixed fleet"), Text(mix.sentence)]
    if mix.option_id is None and not show_all:
        return blocks
    parts = mix.supplies if show_all or len(mix.supplies) <= _FEW_PARTS else mix.supplies[: _FEW_PARTS - 1]
    items = [part_text(supply, mix) for supply in parts]
    if len(parts) < len(mix.supplies):
        items.append(f"{count(len(mix.supplies) - len(parts), 'more part')} with --all")
    items += proof_texts(mix) if show_all else proof_texts(mix)[:1]
    if limits := limits_text(mix, plan.header.currency):
        items.append(f"Limits cost: {limits}.")
    if bought := purchase_texts(mix, use=show_all):
        shown = bought if show_all else bought[:_FEW_PARTS]
        items.append(f"In time: {'; '.join(shown)}{'; …' if len(shown) < len(bought) else ''}.")
    if show_all:
        items += [gap_text(mix), *mix.warnings]
    return [*blocks, _items("", items)]


def _sharing(plan: Plan, show_all: bool) -> list[RenderableType]:
    """What it is worth that workloads share machines, and every kind of machine that was tried."""
    texts = sharing_texts(plan)
    if not texts:
        return []
    trials = [_items("", texts[1:])] if show_all and texts[1:] else []
    return [_heading("Shared machines"), Text(texts[0]), *trials]


def _jobs(plan: Plan) -> list[RenderableType]:
    """Where the answer does its fine-tuning."""
    jobs = jobs_of_answer(plan)
    return [_heading("Fine-tuning"), _items("", [job.text for job in jobs])] if jobs else []


def _binds(plan: Plan) -> list[RenderableType]:
    option = next((option for option in plan.options if option.id == plan.answer.option_id), None)
    if option is None or not (option.binds or option.warnings or plan.warnings):
        return []
    blocks: list[RenderableType] = []
    if option.binds:
        items = [" ".join(text for text in (bind.text, bind.relief) if text) for bind in option.binds]
        blocks += [_heading(f"What binds option {option.rank}"), _items("", items)]
    warnings = [*plan.warnings, *option.warnings]
    if warnings:
        blocks += [_heading("Mind"), _items("", warnings)]
    return blocks


def _duties(plan: Plan) -> list[RenderableType]:
    option = next((option for option in plan.options if option.id == plan.answer.option_id), None)
    duties = duties_of(option) if option else ()
    if not duties:
        return []
    cited = [
        " ".join(text for text in (duty.instrument, duty.pinpoint, "(unverified)" if duty.unverified else "") if text)
        for duty in duties
    ]
    return [_heading("To be done before going live, wherever it runs"), Text("; ".join(cited))]


def _sovereignty(plan: Plan) -> list[RenderableType]:
    """One line for the answer, then its lists, and the line of every other option."""
    option = next((option for option in plan.options if option.id == plan.answer.option_id), None)
    if option is None or not sovereignty_line(option):
        return []
    blocks: list[RenderableType] = [_heading(f"How far option {option.rank} is in your own hands")]
    blocks.append(Text(sovereignty_line(option)))
    score, gap = option.sovereignty, option.air_gap
    if score is not None:
        blocks.append(Text(narrowing_text(score), style="dim"))
    if score is not None:
        blocks.append(Text(f"Levels 0 to 4: {objective_text(score)}."))
    if gap is not None and gap.feasible == "yes":
        blocks.append(
            _items("", [f"{each.what} ({each.carried_in}): {each.how}" for each in gap.bring_in + gap.cannot])
        )
    ranks: dict[str, list[int]] = {}
    for each in plan.options:
        ranks.setdefault(sovereignty_line(each), []).append(each.rank)
    blocks.append(_items("By option", [f"{ranks_text(of)}: {line}" for line, of in ranks.items() if line]))
    return blocks


def _leaving(plan: Plan) -> list[RenderableType]:
    option = next((option for option in plan.options if option.id == plan.answer.option_id), None)
    if option is None or option.exit is None:
        return []
    return [_heading(f"Leaving option {option.rank}"), _items("", exit_texts(option.exit))]


def _readiness(plan: Plan) -> list[RenderableType]:
    ready = plan.readiness
    if ready is None:
        return []
    axes = "  ".join(f"{axis.title} {axis_range(axis)}" for axis in ready.axes)
    blocks: list[RenderableType] = [_heading("Readiness, 0–100"), Text(axes)]
    option = next((option for option in plan.options if option.id == plan.answer.option_id), None)
    if option is not None and option.conditions:
        blocks.append(_items(f"Before option {option.rank} goes live", condition_texts(option)))
    blocks.append(_items("", readiness_texts(plan)))
    table = Table(box=None, padding=(0, 1), pad_edge=False, show_header=False, expand=True)
    table.add_column(no_wrap=True)
    table.add_column(ratio=1)
    table.add_column(no_wrap=True, style="dim")
    for action in ready.actions:
        mark = "! " if action.critical else "  "
        table.add_row(f"{action.start} – {action.end}", Text(mark + action.title), Text(action.owner))
    if ready.actions:
        blocks.append(table)
    return blocks


def _people(plan: Plan) -> list[RenderableType]:
    option = next((option for option in plan.options if option.id == plan.answer.option_id), None)
    if option is None or not option.people.assessed:
        return []
    people, currency = option.people, plan.header.currency
    blocks: list[RenderableType] = [_heading(f"Who runs option {option.rank}")]
    blocks.append(_items("", staff_sentences(people, currency)))
    actions = staff_actions(people, currency)
    if actions:
        blocks.append(_items("Do for it", actions, numbered=True))
    if people.gaps:
        table = Table(*GAP_HEAD, box=None, padding=(0, 1), pad_edge=False, expand=True)
        for gap in people.gaps:
            table.add_row(*(Text(cell) for cell in gap_row(gap)))
        blocks.append(table)
    if found := staff_comparison(plan, option):
        blocks.append(_items("Other ways", found))
    return blocks


def _refused(plan: Plan) -> list[RenderableType]:
    if not plan.refused:
        return []
    table = Table(box=None, padding=(0, 1), pad_edge=False, show_header=False, expand=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(ratio=1)
    for group in refusal_groups(plan):
        reason = Text(group.summary)
        for refused, why in group.members:
            reason.append(f"\n{refused.title}: {why.text}", style="dim")
        table.add_row(str(len(group.members)), Text(STAGE_WORDS[group.stage], style="bold"), reason)
    return [_heading(f"{count(len(plan.refused), 'configuration')} refused, by reason"), table]


def _assumed(plan: Plan) -> list[RenderableType]:
    if not plan.assumptions:
        return []
    table = Table(box=None, padding=(0, 1), pad_edge=False, show_header=False, expand=True)
    table.add_column(ratio=5)
    table.add_column(ratio=3)
    table.add_column(ratio=6, style="dim")
    for assumption in plan.assumptions:
        table.add_row(
            Text(assumption.label or assumption.path), Text(assumption_value(assumption)), Text(_origin(assumption))
        )
    return [_heading("Every assumption"), table]


def _origin(assumption: Assumption) -> str:
    source = ", ".join(text for text in (assumption.source_title or assumption.path, assumption.date) if text)
    return f"{'STALE, ' if assumption.stale else ''}{ORIGIN_WORDS[assumption.origin]}: {source}"


def _foot(plan: Plan) -> list[RenderableType]:
    header = plan.header
    made = (
        f"Millwright {header.millwright_version}, {header.created}, catalogue {header.catalogue_date}, "
        f"rules {rules_text(header)}, seed {header.seed}, scenario {header.scenario_hash}"
    )
    return [Text(), Text(header.disclaimer, style="dim"), Text(made, style="dim")]


def _heading(text: str) -> Text:
    return Text(f"\n{text}", style="bold cyan")


def _items(title: str, items: Sequence[str] | Iterable[str], *, numbered: bool = False) -> RenderableType:
    grid = Table.grid(padding=(0, 1), expand=True)
    grid.add_column(no_wrap=True)
    grid.add_column(ratio=1)
    for number, item in enumerate(items, start=1):
        grid.add_row(Text(f"{number}." if numbered else "•", style="dim"), Text(item))
    if not title:
        return grid
    outer = Table.grid(expand=True)
    outer.add_column(ratio=1)
    outer.add_row(Text(title, style="bold cyan"))
    outer.add_row(Padding(grid, 0))
    return outer
