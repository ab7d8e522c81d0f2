"""Machines that several workloads share, as the plan publishes it: what was tried, what came of it, why not."""

from __future__ import annotations

from pydantic import Field

from millwright.plan.base_model import MaybeNumber, PlanModel


class SharingLane(PlanModel):
    """What one workload gets of a shared machine."""

    workload: str
    what: str
    """Its part of the machine in words, such as `2 of 8 devices`."""
    step_stretch: float = Field(default=1.0, ge=1.0)
    """How many times as long a step takes on average, all workloads at their peak: others take turns on the devices."""
    step_stretch_worst: float = Field(default=1.0, ge=1.0)
    """How many times as long while all others have work."""


class SharingTrial(PlanModel):
    """One kind of machine on which several workloads were tried together."""

    title: str
    site: str
    workloads: tuple[str, ...]
    how: str = ""
    """`apart` (devices of their own), `sliced` (hardware slices), `by turns` (time slices); empty: none works."""
    lanes: tuple[SharingLane, ...] = ()
    machines: int | None = None
    """Machines of the first year, spares included."""
    cost_per_month: MaybeNumber = None
    """Of the whole option, the other workloads' machines included."""
    option_id: str | None = None
    """The option that it became; null where it is dearer than machines apart, or does not work."""
    text: str
    """What came of it, in words."""


class Sharing(PlanModel):
    """Whether workloads had better share machines."""

    sentence: str
    trials: tuple[SharingTrial, ...] = ()
