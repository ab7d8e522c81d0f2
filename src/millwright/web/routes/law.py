"""The rules: what they say, from which article."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response

from millwright.web.tables import Format, table_response

router = APIRouter(prefix="/law", tags=["law"])


@router.get("/rules", response_model=None)
def list_rules(
    instrument: Annotated[str, Query(max_length=100, description="Only those of one instrument, such as GDPR.")] = "",
    as_of: Annotated[dt.date | None, Query(description="Only those in force that day.")] = None,
    format: Format = Format.JSON,
) -> Response:
    """List the rules."""
    from millwright.law.load import load_rules
    from millwright.law.publish import rule_json

    rules = [each for each in load_rules().rules if not instrument or each.instrument.id.lower() == instrument.lower()]
    in_force = [each for each in rules if as_of is None or each.in_force(as_of)]
    return table_response([rule_json(each) for each in in_force], format, "rules")


@router.get("/rules/{name}")
def show_rule(name: Annotated[str, Path(max_length=200)]) -> dict[str, Any]:
    """Show one rule whole: citation, dates, conditions, exemptions, examples."""
    from millwright.law.load import load_rules
    from millwright.law.publish import rule_json, rule_named

    return rule_json(rule_named(load_rules(), name))


@router.get("/rego", response_model=None)
def rego() -> Response:
    """Return the rule base as a Rego policy."""
    from millwright.law.load import load_rules
    from millwright.law.rego import rego_policy

    return Response(rego_policy(load_rules()), media_type="text/plain; charset=utf-8")
