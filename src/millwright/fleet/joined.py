"""Replicas over several hosts, for models that no single machine holds: hosts joined by their network.

The fewest hosts on which a layout fits are taken: tensor parallelism within a host, a pipeline over hosts; or the
experts dealt out over all devices; or tensor parallelism over everything. They are simulated like any other replica.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from millwright.catalog.architecture import Architecture
from millwright.catalog.device import Device
from millwright.fleet.contest import Evaluations, contest
from millwright.fleet.cores import on_every_core
from millwright.fleet.layout import Layout
from millwright.fleet.replica import Allowed, Candidate, Divided, Prospect, Service, Unfit, prospects, work_out
from millwright.fleet.search import MachineAnswer, Progress, answer_with_drafts, refined
from millwright.fleet.stack import Capability, capabilities, default_limits, engines_to_compare
from millwright.perf.calibration import Calibration
from millwright.perf.deployment import Engine, HostNetwork

HOSTS = (2, 3, 4, 6, 8)
"""Numbers of hosts that are tried, in this order: more than eight are a cluster of another sort."""

_BITS_PER_BYTE = 8.0


@dataclass(frozen=True)
class JoinedQuestion:
    """Which replica of a workload's model can hosts with `device_count` devices each serve together?

    `network_bytes_per_s` is what joins one host to others, where somebody says so.
    """

    workload: str
    device: Device
    device_count: int
    network_bytes_per_s: float | None = None

    @property
    def key(self) -> tuple[str, str, int, float | None]:
        """What tells questions apart."""
        return self.workload, self.device.id, self.device_count, self.network_bytes_per_s


@dataclass(frozen=True)
class JoinedAnswer:
    """So many hosts as one machine, and the best replica on them."""

    hosts: int
    network: HostNetwork
    answer: MachineAnswer


@lru_cache(maxsize=1)
def _networks() -> Mapping[str, Any]:
    path = Path(__file__).parent / "data" / "networks.json"
    entries: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return entries


def network_between(device: Device, device_count: int, stated_bytes_per_s: float | None = None) -> HostNetwork:
    """Return what joins hosts of `device_count` devices: what is stated of a host, or what is usual for its boards."""
    known = _networks()
    latency_s = known["message_us"]["value"] * 1e-6
    if stated_bytes_per_s is not None:
        return HostNetwork(device_count, stated_bytes_per_s / device_count, latency_s, "the host's `network`", False)
    if device.link_kind in (None, "", "pcie"):
        usual = known["server_gbit_per_s"]
        return HostNetwork(
            device_count, usual["value"] * 1e9 / _BITS_PER_BYTE / device_count, latency_s, usual["source"]
        )
    board = next(each for each in known["boards"] if device.family in each["families"] or "*" in each["families"])
    return HostNetwork(device_count, board["device_gbit_per_s"] * 1e9 / _BITS_PER_BYTE, latency_s, board["source"])


def joined_layouts(device_count: int, hosts: int) -> Divided:
    """Return the layouts that use every device of so many hosts, for engines that reach beyond one."""
    everything = device_count * hosts

    def divided(model: Architecture, engine: Engine, most_devices: int) -> Iterator[Layout]:
        offered = capabilities(engine.name)
        if most_devices < everything or Capability.PIPELINE not in offered:
            return  # an engine without a pipeline is not taken to reach beyond its host
        for stages in (hosts, 2 * hosts):
            if everything % stages == 0 and stages <= model.layer_count:
                yield Layout(everything // stages, stages)
        if model.is_moe and {Capability.EXPERTS, Capability.DP_ATTENTION} <= offered:
            yield Layout(ep=everything, dp=everything, dp_attention=True)
        yield Layout(everything)

    return divided


def answer_joined(
    question: JoinedQuestion,
    service: Service,
    model: Architecture,
    allowed: Allowed = Allowed(),  # noqa: B008
    calibration: Calibration | None = None,
    confidence: float = 0.5,
) -> JoinedAnswer | None:
    """Return the fewest hosts that serve `model` together, and their best replica; None where eight do not hold it.

    Where it fits but is too slow, more stages of a pipeline are no remedy: the answer says so. Raises
    LookupError when no allowed engine runs on the device.
    """
    device, per_host = question.device, question.device_count
    network = network_between(device, per_host, question.network_bytes_per_s)
    evaluated = Evaluations(service, confidence)
    for hosts in HOSTS:
        unfit: list[Unfit] = []

        def listed(drafting: bool, hosts: int = hosts, unfit: list[Unfit] = unfit) -> list[Prospect]:
            fitting: list[Prospect] = []
            for engine in engines_to_compare(device, allowed.engines):
                found, not_found = prospects(
                    evaluated.part, model, device,
                    engine=engine, most_devices=per_host * hosts, allowed=allowed, limits=default_limits(engine, model),
                    calibration=calibration, divided=joined_layouts(per_host, hosts), network=network,
                    drafting=drafting,
                )  # fmt: skip
                fitting += found
                unfit += not_found
            work_out(fitting, evaluated.part, calibration)
            return fitting

        if fitting := listed(drafting=False):
            drafting = listed(drafting=True) if allowed.drafts else []
            return JoinedAnswer(hosts, network, _best_of(evaluated, fitting, drafting, unfit, per_host * hosts))
    return None


def _best_of(
    evaluated: Evaluations, fitting: list[Prospect], drafting: list[Prospect], unfit: list[Unfit], count: int
) -> MachineAnswer:
    found: list[Candidate | Prospect] = list(fitting)
    outcome = refined(evaluated, found, contest(evaluated, found, count), False, count)
    return answer_with_drafts(evaluated, found, outcome, drafting, unfit, False, count)


def search_joined(
    questions: Iterable[JoinedQuestion],
    services: Mapping[str, Service],
    models: Mapping[str, Architecture],
    allowed: Mapping[str, Allowed],
    progress: Progress | None = None,
    calibration: Calibration | None = None,
    confidence: float = 0.5,
) -> dict[tuple[str, str, int, float | None], JoinedAnswer]:
    """Return the answer to each question that has one; the mappings are by workload name."""
    todo = list({each.key: each for each in questions}.values())
    answers: dict[tuple[str, str, int, float | None], JoinedAnswer] = {}

    def answer(one: JoinedQuestion) -> JoinedAnswer | None:
        name = one.workload
        return answer_joined(one, services[name], models[name], allowed[name], calibration, confidence)

    def tell(done: int, of: int) -> None:
        if progress is not None:
            progress("simulating hosts joined", done, of)

    for one, found in zip(todo, on_every_core(answer, todo, tell), strict=True):
        if found is not None:
            answers[one.key] = found
    return answers
