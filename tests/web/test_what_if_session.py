"""The panel's questions: the newest counts, and what is not wanted any more is ended."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

pytest.importorskip("nicegui", reason="the extra `web` is not installed")

from sample_plan import sample_plan

from millwright.plan.model import Plan
from millwright.plan.what_if_changes import Changes
from millwright.web.page import what_if_session
from millwright.web.page.what_if_session import Drawn, WhatIfSession

PLAN = sample_plan()


class Slow:
    """Workers that never answer the first question, and say which was ended."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.ended: list[dict[str, Any]] = []

    async def ask(self, kind: str, request: dict[str, Any]) -> str:
        assert kind == "what-if"
        self.asked.append(request["changes"])
        if len(self.asked) == 1:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                self.ended.append(request["changes"])
                raise
        return json.dumps({"plan": PLAN.model_dump(mode="json"), "scenario": "name: changed", "figures": []})


def test_a_newer_question_ends_the_one_that_is_worked_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(what_if_session, "MONEY_TAKES_S", 0.0)
    quick = Slow()
    shown: list[Changes] = []
    told: list[tuple[bool, str]] = []

    async def show(plan: Plan, changes: Changes, drawn: Drawn | None) -> None:
        shown.append(changes)

    async def asked() -> None:
        session = WhatIfSession(PLAN, "name: x", quick, show, lambda *each: told.append(each), "2026-11-21")  # type: ignore[arg-type]
        first = asyncio.ensure_future(session.ask({"ttft_s": 0.4}))
        await asyncio.sleep(0.01)
        await session.ask({"demand": 2.0})
        await asyncio.wait_for(first, 5.0)

    asyncio.run(asked())
    assert quick.ended == [{"ttft_s": 0.4}]
    assert {each.demand for each in shown} == {2.0}, "only the newest is shown"
    assert told[-1] == (False, ""), "it is no fault to be superseded"
