"""Where no single machine holds a model: several of them joined by their network as one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from millwright.fleet.joined import JoinedQuestion, search_joined
from millwright.fleet.search import Progress
from millwright.perf.calibration import Calibration
from millwright.plan.demand import allowed_deployments
from millwright.plan.draft import Draft
from millwright.scenario.model import Scenario

LEAST_HOST_DEVICES = 4
"""Hosts with fewer devices are workstations and small servers: nobody should buy a rack of them for one replica."""

LARGE_HOST_DEVICES = 8
"""Hosts of so many devices are built to be joined: they are tried even where another machine holds the model."""


def with_hosts_joined(
    drafts: Sequence[Draft], scenario: Scenario, progress: Progress | None, calibration: Calibration | None
) -> list[Draft]:
    """Return the drafts with several hosts in place of one where one is too small for the model.

    Hosts with four devices and more are joined where no machine of the site holds the model, and hosts with eight
    devices and more in any case.
    """
    held = {(draft.site_name, draft.asked.served) for draft in drafts if _holds_the_model(draft)}
    questions = [_question(draft, (draft.site_name, draft.asked.served) in held) for draft in drafts]
    asked = {draft.asked.served: draft.asked for draft in drafts}
    answers = search_joined(
        [each for each in questions if each is not None],
        {served: one.service for served, one in asked.items()},
        {served: one.model for served, one in asked.items()},
        {served: allowed_deployments(one, scenario) for served, one in asked.items()},
        progress,
        calibration,
        scenario.limits.confidence,
    )
    joined: list[Draft] = []
    for draft, question in zip(drafts, questions, strict=True):
        found = None if question is None else answers.get(question.key)
        if found is not None and draft.platform is not None:
            draft = replace(draft, platform=draft.platform.joined(found.hosts, found.network), answer=found.answer)
        joined.append(draft)
    return joined


def _holds_the_model(draft: Draft) -> bool:
    """Return whether the model fits the machines, be they too slow."""
    answer = draft.answer
    return answer is not None and (answer.performance is not None or bool(answer.too_slow))


def _question(draft: Draft, held_elsewhere: bool) -> JoinedQuestion | None:
    """Return what is asked of hosts like the draft's, joined; None where they are not to be."""
    platform = draft.platform
    least = LARGE_HOST_DEVICES if held_elsewhere else LEAST_HOST_DEVICES
    if platform is None or _holds_the_model(draft) or draft.asked.model.one_pass or platform.device_count < least:
        return None
    stated = platform.host.network_bytes_per_s if platform.host is not None else None
    return JoinedQuestion(draft.asked.served, platform.device, platform.device_count, stated)
