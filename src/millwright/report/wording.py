"""The words of the report, in one place: the same word for the same thing in every view."""

from __future__ import annotations

from millwright.plan.model import Decision, Header, Kind, LawFinding, Origin, Stage, Verdict
from millwright.plan.odds import odds_in_words, odds_scale
from millwright.quantity import Basis
from millwright.report.format import probability_percent

__all__ = [
    "BASIS_WORDS",
    "DECISION_WORDS",
    "FORMULAS",
    "KIND_WORDS",
    "METRIC_WORDS",
    "ORIGIN_WORDS",
    "QUALITY_WORDS",
    "STAGE_WORDS",
    "VERDICT_WORDS",
    "finding_words",
    "odds_in_words",
    "odds_legend",
    "odds_text",
    "rules_text",
]

KIND_WORDS: dict[Kind, str] = {
    Kind.OWNED: "owned",
    Kind.COLO: "owned, in a colo",
    Kind.CLOUD: "rented in a cloud",
    Kind.API: "tokens from an API",
    Kind.MIXED: "mixed",
}
VERDICT_WORDS: dict[Verdict, str] = {
    Verdict.YES: "allowed",
    Verdict.NO: "not allowed",
    Verdict.UNKNOWN: "open, a fact is missing",
}
DUTY_WORDS: dict[Verdict, str] = {
    Verdict.YES: "done",
    Verdict.NO: "to be done",
    Verdict.UNKNOWN: "to be done, or to be said that it is",
}
RISK_WORDS: dict[Verdict, str] = {Verdict.YES: "no risk", Verdict.NO: "a risk", Verdict.UNKNOWN: "perhaps a risk"}
VERDICT_MARKS: dict[Verdict, str] = {Verdict.YES: "✓", Verdict.NO: "✗", Verdict.UNKNOWN: "?"}
BASIS_WORDS: dict[Basis, str] = {
    Basis.MEASURED: "measured",
    Basis.FITTED: "fitted to measurements",
    Basis.EXTRAPOLATED: "extrapolated from measurements",
    Basis.DATASHEET: "from datasheets",
    Basis.ASSUMED: "rests on an assumption",
}
STAGE_WORDS: dict[Stage, str] = {
    Stage.LAW: "Law",
    Stage.SITE: "Site",
    Stage.CATALOGUE: "Catalogue",
    Stage.MEMORY: "Memory",
    Stage.LATENCY: "Latency",
    Stage.CAPACITY: "Capacity",
    Stage.POWER: "Power",
    Stage.SPACE: "Space",
    Stage.BUDGET: "Budget",
    Stage.LIMIT: "Scenario limit",
    Stage.PEOPLE: "People",
    Stage.READINESS: "Readiness",
}
ORIGIN_WORDS: dict[Origin, str] = {
    Origin.USER: "from the scenario",
    Origin.DEFAULTED: "defaulted",
    Origin.CATALOGUE: "from the catalogue",
    Origin.FITTED: "fitted",
}
QUALITY_WORDS: dict[str, str] = {
    "A": "A, primary source",
    "B": "B, secondary, checked",
    "C": "C, claimed or estimated",
    "": "",
}
METRIC_WORDS: dict[str, str] = {
    "ttft": "time to first token (TTFT)",
    "tpot": "time per output token (TPOT)",
    "e2e": "whole request (E2E)",
}
VERDICT_HEADINGS: dict[Verdict, str] = {
    Verdict.YES: "Known to be allowed",
    Verdict.UNKNOWN: "Open in law: a fact is missing",
    Verdict.NO: "Not allowed",
}
METRIC_SHORT: dict[str, str] = {"ttft": "TTFT", "tpot": "TPOT", "e2e": "E2E"}
DECISION_WORDS: dict[Decision, str] = {
    Decision.OWN: "Buy",
    Decision.COLO: "Buy, place in a colo",
    Decision.RENT: "Rent",
    Decision.TOKENS: "Don't buy: pay by the token",
    Decision.MIX: "Mix",
    Decision.NONE: "No feasible option",
}
FORMULAS: tuple[tuple[str, str], ...] = (
    ("LCOT", "present value of all costs ÷ present value of the tokens served, in and out, per million tokens"),
    ("TTFT", "time from the request's arrival to its first output token"),
    ("TPOT", "(E2E − TTFT) ÷ (output tokens − 1)"),
    ("Goodput", "largest rate of requests at which every limit of the SLO still holds"),
    ("Headroom", "capacity at the SLO ÷ planned peak rate − 1, spares left out"),
    ("Interval", "80 %: one case in ten lies below, one in ten above (P10–P90)"),
    ("Odds", "share of the draws of all uncertain inputs in which this option is the cheapest feasible one"),
)


def finding_words(finding: LawFinding) -> str:
    """Return what a verdict means: allowed or not; for a duty done or to be done; for a warning a risk or none."""
    return {"duty": DUTY_WORDS, "warn": RISK_WORDS}.get(finding.effect, VERDICT_WORDS)[finding.verdict]


def rules_text(header: Header) -> str:
    """Return the version of the rule base and the day whose rules were applied."""
    return f"{header.rule_base_version} as of {header.rules_as_of}" if header.rules_as_of else header.rule_base_version


def odds_text(probability: float) -> str:
    """Return such as `very likely (93 %)`."""
    return f"{odds_in_words(probability)} ({probability_percent(probability)})"


def odds_legend() -> tuple[tuple[str, str], ...]:
    """Return (words, range of probability), most certain first."""
    scale = odds_scale()
    uppers = (1.0, *(least for least, _ in scale[:-1]))
    return tuple(
        (words, f"{100 * least:.0f}–{100 * upper:.0f} %") for (least, words), upper in zip(scale, uppers, strict=True)
    )
