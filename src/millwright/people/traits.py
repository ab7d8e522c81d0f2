"""What an option is, as far as people are concerned, in plain values; and conditions on it, written as data."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Any, Self

from millwright.errors import InputError
from millwright.people.skill import read_data


class OnCall(StrEnum):
    """When somebody answers an alarm."""

    NONE = "none"
    BUSINESS_HOURS = "business-hours"
    ALWAYS = "24x7"


ALWAYS_FROM_AVAILABILITY = 0.999
"""From here on a month allows 44 minutes of outage: nobody asleep keeps that."""


@dataclass(frozen=True)
class OptionTraits:
    """What decides which people an option needs.

    `kinds` holds owned, colo, cloud, api; `stacks` nvidia, amd, asic, cpu; `on_call` is what the scenario promises;
    `availability` a share of time [-], if promised. `vendor_run`: a vendor runs it for the organisation.
    """

    kinds: frozenset[str]
    hosts: int = 0
    devices: int = 0
    workloads: int = 1
    stacks: frozenset[str] = frozenset()
    engines: frozenset[str] = frozenset()
    air_gapped: bool = False
    kubernetes: bool = False
    multi_gpu: bool = False
    multi_node: bool = False
    disaggregated: bool = False
    quantised: bool = False
    fine_tuning: bool = False
    retrieval: bool = False
    liquid_cooled: bool = False
    vendor_run: bool = False
    on_call: str = OnCall.BUSINESS_HOURS
    availability: float | None = None
    data_classes: frozenset[str] = frozenset()
    sector: str = "general"

    @property
    def machines(self) -> bool:
        """Whether an engine is run by oneself, on own or rented machines."""
        return bool(self.kinds & {"owned", "colo", "cloud"})

    @property
    def metal(self) -> bool:
        """Whether machines are one's own."""
        return bool(self.kinds & {"owned", "colo"})

    @property
    def around_the_clock(self) -> bool:
        """Whether somebody must answer at night."""
        promised = self.availability is not None and self.availability >= ALWAYS_FROM_AVAILABILITY
        return promised or self.on_call == OnCall.ALWAYS

    @property
    def personal(self) -> bool:
        """Whether prompts hold personal data."""
        return bool(self.data_classes & _data_classes("personal"))

    @property
    def regulated(self) -> bool:
        """Whether the data are of a kind for which the sector's rules ask evidence."""
        return bool(self.data_classes & _data_classes("regulated"))

    def changed(self, sets: Mapping[str, Any]) -> Self:
        """Return these traits with some set otherwise; raises TypeError for a trait that there is not."""
        return dataclasses.replace(self, **sets)


def stack_of(vendor: str, device_kind: str = "gpu") -> str:
    """Return the stack that a device of `vendor` and kind (gpu, cpu, tpu, asic, apple) asks people to know.

    Vendors that the rules do not name count as `asic`: a compiler and support of the maker's own.
    """
    if device_kind == "cpu":
        return "cpu"
    return str(read_data("rules.json")["stacks"].get(vendor.casefold(), "asic"))


@lru_cache(maxsize=2)
def _data_classes(kind: str) -> frozenset[str]:
    return frozenset(read_data("rules.json")["data_classes"][kind])


@dataclass(frozen=True)
class Test:
    """One test of one trait."""

    trait: str
    operator: str
    value: Any

    __test__ = False  # its name is no pytest class

    def holds(self, traits: OptionTraits) -> bool:
        """Return whether it holds of `traits`."""
        actual = getattr(traits, self.trait)
        if self.operator == "has":
            return self.value in actual
        if self.operator == "at_least":
            return bool(actual is not None and actual >= self.value)
        if self.operator == "at_most":
            return bool(actual is not None and actual <= self.value)
        if self.operator == "in":
            return actual in self.value
        return bool(actual == self.value)


@dataclass(frozen=True)
class Condition:
    """Tests that must all hold; none: always."""

    tests: tuple[Test, ...] = field(default=())

    def holds(self, traits: OptionTraits) -> bool:
        """Return whether all tests hold of `traits`."""
        return all(test.holds(traits) for test in self.tests)


_TRAITS = frozenset(each.name for each in dataclasses.fields(OptionTraits)) | {
    name for name, value in vars(OptionTraits).items() if isinstance(value, property)
}
_OPERATORS = ("has", "at_least", "at_most")


def read_condition(raw: Mapping[str, Any], where: str) -> Condition:
    """Return the condition written as `{"machines": true, "hosts": {"at_least": 4}, "kinds": {"has": "owned"}}`.

    A list means one of its values. Raises InputError, naming `where`, for a trait or an operator that there is not.
    """
    tests = []
    for trait, wanted in raw.items():
        if trait not in _TRAITS:
            raise InputError(f"there is no trait '{trait}'", where, f"There are {', '.join(sorted(_TRAITS))}.")
        if isinstance(wanted, Mapping):
            unknown = set(wanted) - set(_OPERATORS)
            if unknown or len(wanted) != 1:
                raise InputError(f"'{trait}' has one of {', '.join(_OPERATORS)}", where)
            [(operator, value)] = wanted.items()
            tests.append(Test(trait, operator, value))
        elif isinstance(wanted, list):
            tests.append(Test(trait, "in", tuple(wanted)))
        else:
            tests.append(Test(trait, "is", wanted))
    return Condition(tuple(tests))
