"""Questions of one open page: one at a time, the newest counts, and each can be undone."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from millwright.errors import InputError
from millwright.plan.model import Plan
from millwright.plan.what_if import leading_offers, with_curves_of
from millwright.plan.what_if_changes import Changes, read_changes
from millwright.web.outcome import WorkError
from millwright.web.quick import Quick

MONEY_TAKES_S = 0.3
"""An answer that needs no search is there within this time, or soon after."""

Drawn = Sequence[Mapping[str, Any]]
Show = Callable[[Plan, Changes, Drawn | None], Awaitable[None]]


@dataclass
class WhatIfSession:
    """The state of the what-if panel of one page.

    `show` is given every refreshed plan, first with money alone, then with its latencies and charts; `tell` is told
    whether something is being worked out, and what was wrong with a question (empty: nothing).
    """

    plan: Plan
    scenario: str
    quick: Quick
    show: Show
    tell: Callable[[bool, str], None]
    as_of: str
    history: list[Changes] = field(default_factory=lambda: [Changes()])
    text: str = ""
    _newest: Changes | None = None
    _at_work: bool = False
    _asking: asyncio.Future[str] | None = None

    @property
    def changes(self) -> Changes:
        """What is changed now."""
        return self.history[-1]

    async def ask(self, given: dict[str, Any]) -> None:
        """Answer the changes of the form; a question that comes while another is worked on ends that one."""
        try:
            changes = read_changes(given)
        except InputError as error:
            self.tell(False, f"{error.where}: {error.what}")
            return
        if changes != self.changes:
            self.history.append(changes)
        await self._answer(changes)

    async def warm(self) -> None:
        """Have a worker lay its grounds before the first question."""
        with contextlib.suppress(WorkError):
            await self.quick.ask("what-if", self._request(Changes(), latency=False))

    async def undo(self) -> Changes:
        """Go back one change."""
        if len(self.history) > 1:
            self.history.pop()
        await self._answer(self.changes)
        return self.changes

    async def reset(self) -> None:
        """Go back to the plan itself."""
        if self.changes != Changes():
            self.history.append(Changes())
        await self._answer(self.changes)

    async def _answer(self, changes: Changes) -> None:
        self._newest = changes
        if self._at_work:
            self._supersede()
            return  # whoever is at work takes it up when done
        self._at_work = True
        self.tell(True, "")
        fault = ""
        try:
            while (asked := self._newest) is not None:
                self._newest = None
                fault = await self._answer_one(asked)
        finally:
            self._at_work = False
            self.tell(False, fault)

    async def _answer_one(self, changes: Changes) -> str:
        """Show the answer in two steps; return what was wrong with the question."""
        if changes == Changes():
            self.text = ""
            await self.show(self.plan, changes, None)
            return ""
        for latency in (False, True):
            try:
                answer = json.loads(await self._worked_out(self._request(changes, latency=latency)))
            except WorkError as error:
                return f"{error.failure.what} {error.failure.remedy}".strip()
            except asyncio.CancelledError:
                if self._newest is None:
                    raise  # the page has gone, and not the question
                return ""
            if self._newest is not None:
                return ""  # superseded: nobody waits for this one
            made = Plan.model_validate(answer["plan"])
            self.text = answer["scenario"]
            await self.show(made if latency else with_curves_of(made, self.plan), changes, answer["figures"] or None)
            await asyncio.sleep(0)
        return ""

    async def _worked_out(self, request: dict[str, Any]) -> str:
        self._asking = asyncio.ensure_future(self.quick.ask("what-if", request))
        try:
            return await self._asking
        finally:
            self._asking = None

    def _supersede(self) -> None:
        """End the work on the question that was asked before, once it has had the time that money alone takes.

        So somebody who moves a slider without rest sees answers on the way, and nobody waits for a search that is
        not wanted any more.
        """
        asking = self._asking
        if asking is not None:
            asyncio.get_running_loop().call_later(MONEY_TAKES_S, asking.cancel)

    def _request(self, changes: Changes, *, latency: bool) -> dict[str, Any]:
        return {
            "scenario": self.scenario,
            "changes": changes.model_dump(mode="json", exclude_none=True),
            "offers": sorted(leading_offers(self.plan)),
            "as_of": self.as_of,
            "seed": self.plan.header.seed,
            "latency": latency,
            "figures": latency,
        }
