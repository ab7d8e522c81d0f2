"""The ranked table, as text cells: what the terminal, the page and the Markdown view all show."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from millwright.plan.model import EstimateValue, FleetPart, Kind, LatencyPercentiles, Option, Plan, SloLimit, Verdict
from millwright.report.format import (
    Shown,
    count,
    estimate_text,
    headroom_text,
    in_column,
    percent,
    probability_percent,
    shown_estimate,
)
from millwright.report.leading import rivals
from millwright.report.sovereign_text import sovereignty_range
from millwright.report.wording import KIND_WORDS, METRIC_SHORT, VERDICT_WORDS, odds_text

_FEW_PARTS = 4
"""Parts of a fleet that one row of the ranking names."""
_JOINED = " + "
"""Between the parts of a fleet in an option's title."""
_PERCENTILES = (50.0, 90.0, 95.0, 99.0)


@dataclass(frozen=True, slots=True)
class LatencyCell:
    """One latency at the planned load beside its limit."""

    workload: str
    label: str
    """Such as `TTFT p95`, after the workload's name where the plan has several."""
    shown: Shown
    limit: Shown
    within: bool | None
    """The value meets the limit; None: not known."""
    surely: bool | None
    """The whole interval meets the limit (True), or none of it (False); None: it straddles."""


@dataclass(frozen=True, slots=True)
class RankingRow:
    """One option in one line."""

    option: Option
    rank: str
    title: str
    kind: str
    where: str
    fleet: tuple[str, ...]
    lcot: Shown
    """Without the unit, which is the plan's currency per million tokens: such as `34 k` and `23–50 k`."""
    capex: Shown
    opex: Shown
    latencies: tuple[LatencyCell, ...]
    headroom: str
    kept: str
    """Probability that the SLO is kept at the peak, of the part that is least sure; empty where it is not known."""
    verdict: Verdict
    sovereignty: str
    """Out of 100, as the range that missing facts leave open."""
    odds: str


def ranking(plan: Plan, options: Iterable[Option] | None = None, *, whole: bool = False) -> tuple[RankingRow, ...]:
    """Return the plan's options (or the given ones) as rows, best first.

    Of a fleet of many parts a row names the first few, all of them where the `whole` is wanted.
    """
    return tuple(_row(plan, option, whole) for option in (plan.options if options is None else options))


def odds_label(plan: Plan) -> str:
    """Return what the odds of the answer are odds of: it is held against options of the same standing in law."""
    answer = next((option for option in plan.options if option.id == plan.answer.option_id), None)
    if answer is not None and answer.law.verdict is Verdict.YES and any(_open(option) for option in plan.options):
        return "Odds that it is the cheapest of those known to be allowed"
    return "Odds that it is the cheapest feasible option"


def rival_sentences(plan: Plan) -> tuple[str, ...]:
    """Return a sentence for each option beside the answer that may well turn out to be the cheapest."""
    return tuple(
        f"Option {option.rank}, {option.title}, may turn out cheaper: {odds_text(option.cost.probability_best)}."
        if not _open(option)
        else f"Option {option.rank}, {option.title}, at {estimate_text(option.cost.lcot)}: in law it is "
        f"{VERDICT_WORDS[option.law.verdict]}; if it may be used, it is {odds_text(option.cost.probability_best)} "
        "to be the cheapest of all."
        for option in rivals(plan)
    )


def _open(option: Option) -> bool:
    return option.law.verdict is not Verdict.YES


def _row(plan: Plan, option: Option, whole: bool) -> RankingRow:
    kept = [
        part.performance.probability_slo_met
        for part in option.fleet
        if part.performance is not None and part.performance.probability_slo_met is not None
    ]
    headrooms = [part.headroom for part in option.fleet if part.headroom is not None]
    fleet = tuple(_of_workload(plan, part.workload, fleet_text(part)) for part in option.fleet)
    return RankingRow(
        option=option,
        rank=str(option.rank),
        title=option.title if whole else _few_parts(option.title),
        kind=KIND_WORDS[option.kind],
        where=where_text(option),
        fleet=fleet if whole or len(fleet) <= _FEW_PARTS else (*fleet[: _FEW_PARTS - 1], _more(len(fleet))),
        lcot=in_column(shown_estimate(option.cost.lcot), f"{plan.header.currency}/Mtok"),
        capex=shown_estimate(option.cost.capex),
        opex=shown_estimate(option.cost.opex_per_month),
        latencies=latency_cells(plan, option),
        headroom=headroom_text(min(headrooms)) if headrooms else "",
        kept=probability_percent(min(kept)) if kept else "",
        verdict=option.law.verdict,
        sovereignty=sovereignty_range(option.sovereignty),
        odds=probability_percent(option.cost.probability_best),
    )


def _few_parts(title: str) -> str:
    """Return the title of a fleet of many parts with the first few of them."""
    parts = title.split(_JOINED)
    return title if len(parts) <= _FEW_PARTS else _JOINED.join((*parts[: _FEW_PARTS - 1], _more(len(parts))))


def _more(parts: int) -> str:
    return count(parts - _FEW_PARTS + 1, "more part")


def _of_workload(plan: Plan, workload: str, text: str) -> str:
    """Return `text` with the workload that it is about, where the plan has several."""
    return f"{workload}: {text}" if len(plan.workloads) > 1 else text


def where_text(option: Option) -> str:
    """Return sites and countries, each once, such as `frankfurt-colo (DE), api (SE)`."""
    places = [f"{part.site} ({part.country})" if part.country else part.site for part in option.fleet]
    return ", ".join(dict.fromkeys(places))


def _share_text(part: FleetPart) -> str:
    """Return what a part of a mix serves, empty where it serves all."""
    if part.share_of_demand >= 1:
        return ""
    if part.share_of_demand == 0:
        return ", serving only while others are down"
    return f" for {percent(part.share_of_demand)} of the tokens"


def fleet_text(part: FleetPart) -> str:
    """Return such as `6 × 4 h200-sxm, 2 spare, fp8` (replicas × devices), or the offer of an API."""
    share = _share_text(part)
    if part.kind is Kind.API or part.deployment is None or part.device is None:
        return f"{part.offer}{share}"
    if not part.hosts and part.replicas + part.spares == 0:
        return f"{part.device}, {part.deployment.weights_precision}: none in the first year"
    per_replica = part.deployment.tp * part.deployment.pp * part.deployment.dp
    spare = f", {part.spares} spare" if part.spares else ""
    if part.shares:
        share = f" ({part.shares})"
    replicas = f"{part.replicas + part.spares} × {per_replica} {part.device}"
    return f"{replicas}{spare}, {part.deployment.weights_precision}{share}"


def settings_text(part: FleetPart) -> str:
    """Return the deployment in one line, empty for an API."""
    deployment = part.deployment
    if deployment is None:
        return ""
    grids = (("TP", deployment.tp), ("PP", deployment.pp), ("EP", deployment.ep), ("DP", deployment.dp))
    parallel = " ".join(f"{name} {size}" for name, size in grids if size > 1 or name == "TP")
    texts = [
        f"{deployment.engine} {deployment.engine_version}".strip(),
        f"weights {deployment.weights_precision}, KV {deployment.kv_precision}",
        parallel,
    ]
    if deployment.max_num_seqs is not None:
        texts.append(f"at most {count(deployment.max_num_seqs, 'sequence')}")
    if deployment.max_num_batched_tokens is not None:
        texts.append(f"{count(deployment.max_num_batched_tokens, 'token')} a step")
    if deployment.max_model_len_tokens is not None:
        texts.append(f"context {count(deployment.max_model_len_tokens, 'token')}")
    if (draft := deployment.speculation) is not None:
        texts.append(f"drafts by {draft.draft} ({count(draft.tokens, 'token')} a step): {draft.engine_flags}")
    return ", ".join(texts)


def latency_cells(plan: Plan, option: Option) -> tuple[LatencyCell, ...]:
    """Return the latencies that the SLOs name, where they are known: of parts that share a workload, the slowest's."""
    cells = []
    for workload in plan.workloads:
        parts = [part for part in option.fleet if part.workload == workload.name]
        for limit in workload.slo:
            found = [each for part in parts if (each := latency_at(part, limit)) is not None]
            if found:
                cells.append(_cell(plan, workload.name, limit, max(found, key=lambda each: each.value)))
    return tuple(cells)


def latency_at(part: FleetPart, limit: SloLimit) -> EstimateValue | None:
    """Return the latency that `limit` speaks of; None where it is not known at that percentile."""
    if part.performance is None or limit.percentile not in _PERCENTILES:
        return None
    latency: LatencyPercentiles | None = getattr(part.performance, limit.metric)
    return None if latency is None else getattr(latency, f"p{limit.percentile:.0f}")


def _cell(plan: Plan, workload: str, limit: SloLimit, estimate: EstimateValue) -> LatencyCell:
    surely = True if estimate.high <= limit.limit_s else False if estimate.low > limit.limit_s else None
    return LatencyCell(
        workload=workload,
        label=f"{workload} {limit_label(limit)}" if len(plan.workloads) > 1 else limit_label(limit),
        shown=shown_estimate(estimate),
        limit=shown_estimate(EstimateValue.exact(limit.limit_s, "s")),
        within=estimate.value <= limit.limit_s,
        surely=surely,
    )


def limit_label(limit: SloLimit) -> str:
    """Return such as `TTFT p95`."""
    return f"{METRIC_SHORT[limit.metric]} p{limit.percentile:g}"
