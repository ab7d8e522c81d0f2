"""What every paper carries: the day it speaks of, the rule base's version, and that it is no legal advice."""

from __future__ import annotations

from millwright.law.evaluate import DISCLAIMER
from millwright.law.survey import Survey


def stamp_of(survey: Survey) -> str:
    """Return the stamp, with the what-ifs that were assumed."""
    what_if = f" What if: {', '.join(survey.rules.assumed)}." if survey.rules.assumed else ""
    return f"As of {survey.as_of.isoformat()}, rule base {survey.rules.version}.{what_if} {DISCLAIMER}"
