"""Where no single machine holds a model: several of them joined by their network as one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from millwright.catalog.architecture import Architecture
from millwright.fleet.joined import JoinedQuestion, search_joined
from millwright.fleet.platform import Platform
from millwright.fleet.replica import Allowed, Service
from millwright.fleet.search import MachineAnswer, Progress
from millwright.perf.calibration import Calibration

LEAST_HOST_DEVICES = 4
"""Hosts with fewer devices are workstations and small servers: nobody should buy a rack of them for one replica."""

LARGE_HOST_DEVICES = 8
"""Hosts of so many devices are built to be joined: they are tried even where another machine holds the model."""


@dataclass(frozen=True)
class TooSmall:
    """What may be too small: a machine at a site (None: an API) and what it serves of a workload with its model."""

    site: str
    served: str
    platform: Platform | None
    answer: MachineAnswer | None

    @property
    def holds_it(self) -> bool:
        """Whether the model fits, be it too slow."""
        answer = self.answer
        return answer is not None and (answer.performance is not None or bool(answer.too_slow))


def joined_where_too_small(
    machines: Sequence[TooSmall],
    services: Mapping[str, Service],
    models: Mapping[str, Architecture],
    allowed: Mapping[str, Allowed],
    progress: Progress | None,
    calibration: Calibration | None,
    confidence: float,
) -> list[tuple[Platform, MachineAnswer] | None]:
    """Return the hosts joined in place of each machine that is too small for its model; None: it stays as it is.

    The mappings go by what is `served`. Hosts with four devices and more are joined where no machine of the site holds
    the model, and hosts with eight devices and more in any case.
    """
    held = {(each.site, each.served) for each in machines if each.holds_it}
    questions: list[JoinedQuestion | None] = []
    for each in machines:
        platform = each.platform
        least = LARGE_HOST_DEVICES if (each.site, each.served) in held else LEAST_HOST_DEVICES
        if platform is None or each.holds_it or models[each.served].one_pass or platform.device_count < least:
            questions.append(None)
        else:
            stated = platform.host.network_bytes_per_s if platform.host is not None else None
            questions.append(JoinedQuestion(each.served, platform.device, platform.device_count, stated))
    asked = [each for each in questions if each is not None]
    answers = search_joined(asked, services, models, allowed, progress, calibration, confidence)
    joined: list[tuple[Platform, MachineAnswer] | None] = []
    for each, question in zip(machines, questions, strict=True):
        found = None if question is None else answers.get(question.key)
        if found is None or each.platform is None:
            joined.append(None)
        else:
            joined.append((each.platform.joined(found.hosts, found.network), found.answer))
    return joined
