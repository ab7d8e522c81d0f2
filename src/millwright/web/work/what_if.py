"""What if: a changed scenario answered from what this worker found before."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from millwright.web.work.fields import Seed, Text
from millwright.web.work.plans import SCENARIO_FILE, ScenarioRequest, load
from millwright.web.worker import Tell

if TYPE_CHECKING:
    from millwright.plan.what_if import WhatIf

MOST_REMEMBERED = 8
"""Scenarios whose drafts a worker keeps: some megabytes each."""

_REMEMBERED: OrderedDict[str, WhatIf] = OrderedDict()


class WhatIfRequest(ScenarioRequest):
    """A scenario, and what is changed about it."""

    changes: dict[str, Any] = Field(
        default_factory=dict,
        max_length=40,
        description="What is changed: `demand`, `growth_per_year`, `shape`, `electricity_per_kwh`, "
        "`discount_rate_per_year`, `host_price`, `cloud_price`, `api_price`, `ttft_s`, `tpot_s`, `e2e_s`, "
        "`percentile`, `precisions`, `spares`, and the `workload` they belong to.",
    )
    offers: tuple[tuple[Text, Text], ...] | None = Field(
        default=None,
        max_length=200,
        description="The offers to look at, as (site, offer): those of the leading options of a plan. Without them "
        "the first question takes as long as a plan.",
    )
    figures: bool = Field(default=False, description="Draw the charts too, as Vega-Lite.")
    latency: bool = Field(default=False, description="Simulate the planned load too: percentiles and curves.")
    as_of: dt.date | None = Field(default=None, description="As of this day instead of today.")
    seed: Seed = 0


def what_if(asked: WhatIfRequest, folder: Path, tell: Tell) -> dict[str, Any]:
    """Return the refreshed plan, the changed scenario's text, the changes as a link's query, whether it took a search.

    Raises InputError where a change is none, or the changed scenario is not sound.
    """
    from millwright.plan.what_if import MONEY, SIMULATED
    from millwright.plan.what_if_changes import read_changes
    from millwright.web.work.figures import drawn

    changes = read_changes(asked.changes)
    grounds = _grounds(asked, folder, tell)
    at_hand = grounds.is_money_only(changes)
    made = grounds.ask(changes, depth=SIMULATED if asked.latency else MONEY, progress=tell)
    return {
        "plan": made.model_dump(mode="json"),
        "scenario": grounds.text(changes),
        "query": changes.query(),
        "searched": not at_hand,
        "figures": drawn(made) if asked.figures else [],
    }


def _grounds(asked: WhatIfRequest, folder: Path, tell: Tell) -> WhatIf:
    """Return what answers questions to this scenario, remembered if it has been asked before."""
    from millwright.plan.what_if import WhatIf, lay_grounds
    from millwright.web.work.warm import shipped

    only = None if asked.offers is None else frozenset(asked.offers)
    identity = repr((asked.scenario, sorted(only or ()), only is None, asked.as_of, asked.seed, asked.attachments))
    key = hashlib.sha256(identity.encode("utf-8", "replace")).hexdigest()
    known = _REMEMBERED.pop(key, None)
    if known is None:
        loaded = load(asked.scenario, folder)
        today = asked.as_of or dt.date.today()
        laid = lay_grounds(loaded, today=today, seed=asked.seed, only=only, catalog=shipped(), progress=tell)
        known = WhatIf(laid)
    _REMEMBERED[key] = known
    while len(_REMEMBERED) > MOST_REMEMBERED:
        _REMEMBERED.popitem(last=False)
    return known.beside(folder / SCENARIO_FILE)
