"""report.html: the plan as one page that opens offline, in one file.

The page is complete without scripts: each chart stands in it as a still picture, which a script replaces by a live one.
Everything from the plan is escaped by the template engine; a content policy with the hashes of our own scripts keeps
any other script from running, and allows no request to anywhere.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from millwright.plan.model import LawFinding, LengthSummary, Option, Plan, SloLimit
from millwright.report import wording
from millwright.report.figures import Figure, figures
from millwright.report.format import (
    assumption_value,
    bare,
    count,
    headroom_text,
    number_text,
    percent,
    shown_estimate,
    signed_percent,
)
from millwright.report.grouping import bindings_by_limit, duties_of, findings_by_rule, spent_by_year
from millwright.report.leading import leading, rank_ranges
from millwright.report.mix_text import PART_HEAD, gap_text, part_rows, proof_texts, purchase_texts
from millwright.report.ranking import (
    fleet_text,
    latency_cells,
    limit_label,
    odds_label,
    ranking,
    rival_sentences,
    settings_text,
)
from millwright.report.readiness import axis_range, condition_texts, readiness_texts
from millwright.report.refusals import refusal_groups
from millwright.report.sovereign_text import (
    air_gap_text,
    air_gaps_by_options,
    missing_words,
    narrowing_text,
    objective_text,
    open_words,
    scores_by_options,
    seal_range,
    sovereignty_line,
    sovereignty_range,
)
from millwright.report.staff_text import GAP_HEAD, gap_row, staff_actions, staff_sentences
from millwright.whole_file import write_whole

_TEMPLATES = Path(__file__).parent / "templates"
_FEW_OPTIONS = 12
"""Options in the first table and the charts; the others stand in a table that opens."""


def write_html(plan: Plan, path: Path) -> None:
    """Write the report to `path`; the file is either the whole new report or what was there before."""
    write_whole(path, render_html(plan).encode("utf-8"))


def render_html(plan: Plan) -> str:
    """Return the report as the text of one HTML file that asks nothing of the network."""
    import jinja2
    from markupsafe import Markup

    from millwright.report.charts import as_svg

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    numbered = tuple(enumerate(_assumptions_in_order(plan), start=1))
    findings = findings_by_rule(plan)
    environment.filters.update(_filters(numbered, findings))
    drawn = figures(plan)
    drawings: dict[str, list[dict[str, str]]] = {"ranking": [], "mix": [], "money": [], "latency": []}
    for figure in drawn:
        picture = {
            "name": figure.name,
            "caption": figure.caption,
            "alt": figure.alt,
            "still": _data_uri(as_svg(figure.chart)),
        }
        drawings[figure.section].append(picture)
    script = (_TEMPLATES / "report.js").read_text(encoding="utf-8")
    bundle = _vega_bundle() if drawn else ""
    months, spent = spent_by_year(plan, _FEW_OPTIONS)
    first = leading(plan, _FEW_OPTIONS)
    chosen = next((option for option in plan.options if option.id == plan.answer.option_id), None)
    return environment.get_template("report.html.j2").render(
        plan=plan,
        currency=plan.header.currency,
        chosen=chosen,
        rows=ranking(plan, first),
        more_rows=ranking(plan, [option for option in plan.options if option not in first]),
        rivals=rival_sentences(plan),
        odds_label=odds_label(plan),
        chosen_latencies=latency_cells(plan, chosen) if chosen else (),
        refused=refusal_groups(plan),
        findings=findings,
        binds=bindings_by_limit(plan),
        scores=scores_by_options(plan),
        air_gaps=air_gaps_by_options(plan),
        assumptions=numbered,
        years=months,
        spent=spent,
        contents=_contents(plan, drawings),
        drawings=drawings,
        charts_json=Markup(_json_for_script(_chart_specs(drawn))),
        policy=_policy(script, bundle),
        css=Markup((_TEMPLATES / "report.css").read_text(encoding="utf-8")),
        js=Markup(script),
        bundle=Markup(bundle),
        **_words(),
    )


def _words() -> dict[str, Any]:
    return {
        "kind_words": wording.KIND_WORDS,
        "verdict_words": wording.VERDICT_WORDS,
        "verdict_marks": wording.VERDICT_MARKS,
        "verdict_headings": wording.VERDICT_HEADINGS,
        "basis_words": wording.BASIS_WORDS,
        "stage_words": wording.STAGE_WORDS,
        "origin_words": wording.ORIGIN_WORDS,
        "quality_words": wording.QUALITY_WORDS,
        "metric_words": wording.METRIC_WORDS,
        "decision_words": wording.DECISION_WORDS,
        "formulas": wording.FORMULAS,
        "gap_head": GAP_HEAD,
        "part_head": PART_HEAD,
        "odds_legend": wording.odds_legend(),
    }


def _filters(
    numbered: Sequence[tuple[int, Any]], findings: Sequence[tuple[LawFinding, tuple[int, ...]]]
) -> dict[str, Any]:
    rule_numbers = {finding: number for number, (finding, _) in enumerate(findings, start=1)}

    def assumptions_of(option: Option) -> list[tuple[int, Any]]:
        return [(number, assumption) for number, assumption in numbered if assumption.id in option.assumption_ids]

    return {
        "shown": shown_estimate,
        "number": lambda value, unit="": number_text(value, unit),
        "percent": percent,
        "signed_percent": signed_percent,
        "headroom": headroom_text,
        "odds": wording.odds_text,
        "count": count,
        "fleet": fleet_text,
        "settings": settings_text,
        "value": assumption_value,
        "bare": bare,
        "date": lambda created: created.split("T")[0],
        "safe_link": lambda url: url.lower().startswith(("https://", "http://")),
        "length_words": _length_words,
        "slo_words": _slo_words,
        "assumptions": assumptions_of,
        "finding_words": wording.finding_words,
        "duties": duties_of,
        "open_words": open_words,
        "missing_words": missing_words,
        "sovereignty_line": sovereignty_line,
        "objective_text": objective_text,
        "narrowing_text": narrowing_text,
        "sovereignty_range": sovereignty_range,
        "seal_range": seal_range,
        "air_gap_text": air_gap_text,
        "rules_text": wording.rules_text,
        "numbered_rules": lambda found: [(rule_numbers[finding], finding) for finding in found],
        "rank_ranges": rank_ranges,
        "staff_sentences": staff_sentences,
        "staff_actions": staff_actions,
        "gap_row": gap_row,
        "conditions": condition_texts,
        "axis_range": axis_range,
        "readiness_texts": readiness_texts,
        "gap_text": gap_text,
        "part_rows": part_rows,
        "proof_texts": proof_texts,
        "purchase_texts": purchase_texts,
    }


def _length_words(length: LengthSummary) -> str:
    texts = [f"{number_text(length.mean_tokens)} tokens on average"]
    if length.p50_tokens is not None:
        texts.append(f"half up to {number_text(length.p50_tokens)}")
    if length.p95_tokens is not None:
        texts.append(f"95 % up to {number_text(length.p95_tokens)}")
    return ", ".join(texts)


def _slo_words(limits: Sequence[SloLimit]) -> str:
    return ", ".join(f"{limit_label(limit)} ≤ {number_text(limit.limit_s, 's')}" for limit in limits)


def _assumptions_in_order(plan: Plan) -> list[Any]:
    """Return what a reader must check first: stale values, then defaults, then the rest."""
    order = list(wording.ORIGIN_WORDS)
    return sorted(plan.assumptions, key=lambda assumption: (not assumption.stale, order.index(assumption.origin)))


def _contents(plan: Plan, drawings: dict[str, list[dict[str, str]]]) -> list[tuple[str, str]]:
    has_options = bool(plan.options)
    entries = (
        ("answer", "The answer", True),
        ("conflict", "Limits in conflict", plan.answer.conflict is not None),
        ("ranking", "Ranking", has_options),
        ("sharing", "Shared machines", plan.sharing is not None),
        ("mix", "The mixed fleet", plan.mix is not None and has_options),
        ("money", "Money", has_options),
        ("latency", "Latency", bool(drawings["latency"])),
        ("options", "Options in full", has_options),
        ("law", "Law", has_options),
        ("sovereignty", "Sovereignty and air gap", any(option.sovereignty for option in plan.options)),
        ("binds", "What binds", any(option.binds for option in plan.options)),
        ("readiness", "Readiness", plan.readiness is not None),
        ("refused", "Refused", bool(plan.refused)),
        ("assumptions", "Assumptions", True),
        ("question", "What was asked", True),
        ("reading", "How to read it", True),
    )
    return [(anchor, title) for anchor, title, there in entries if there]


def _chart_specs(drawn: Sequence[Figure]) -> dict[str, Any]:
    from millwright.report.palette import chart_config

    if not drawn:
        return {}
    return {
        "configs": {"light": chart_config(), "dark": chart_config(dark=True)},
        "specs": {figure.name: figure.chart.to_dict() for figure in drawn},
    }


def _json_for_script(content: Any) -> str:
    """Return JSON that cannot end the script element it stands in."""
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


@lru_cache(maxsize=1)
def _vega_bundle() -> str:
    """Return Vega, Vega-Lite and Vega-Embed as one script, of the Vega-Lite version that the charts are written for."""
    import altair
    import vl_convert

    version = ".".join(altair.SCHEMA_VERSION.removeprefix("v").split(".")[:2])
    window_names = "Object.assign(window, { vega, vegaLite, vegaEmbed })"
    # "</script" would end the element; inside a JavaScript string the backslash changes nothing.
    return str(vl_convert.javascript_bundle(window_names, vl_version=version)).replace("</script", "<\\/script")


def _policy(*scripts: str) -> str:
    """Return the content policy: our own scripts by hash, no other script, no request to anywhere."""
    hashes = [
        f"'sha256-{base64.b64encode(hashlib.sha256(script.encode('utf-8')).digest()).decode('ascii')}'"
        for script in scripts
        if script
    ]
    return (
        f"default-src 'none'; script-src {' '.join(hashes)}; style-src 'unsafe-inline'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )


def _data_uri(svg: str) -> str:
    return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode('utf-8')).decode('ascii')}"
