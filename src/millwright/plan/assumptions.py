"""Every value the plan rests on, with its origin: defaulted, from the catalogue, fitted, or uncertain."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence

from millwright.catalog.catalog import Catalog
from millwright.catalog.facts import Fact, Source
from millwright.finance.distributions import Certain, UncertainInput
from millwright.law.case import workload_facts_of
from millwright.plan.model import Assumption, Origin
from millwright.plan.priced import PricedOption, PricedPart
from millwright.plan.uncertain import CAPACITY, PROVIDER
from millwright.scenario.defaults import DefaultedField
from millwright.scenario.model import Scenario

_SECTIONS = frozenset({"workloads", "sites", "traffic", "slo", "data"})
"""Parts of a path that say less than the name beside them."""

_PRICE_FACTS = (
    "price",
    "on_demand_price",
    "reserved_1y_price",
    "reserved_3y_price",
    "spot_price",
    "input_price",
    "output_price",
)


def defaulted(fields: Iterable[DefaultedField]) -> list[Assumption]:
    """Return what the scenario left open, as assumptions."""
    return [
        Assumption(
            id=f"scenario:{field.path}",
            path=field.path,
            label=_label(field.path),
            value=field.note if field.value == "not given" else field.value,
            origin=Origin.DEFAULTED,
            note="" if field.value == "not given" else field.note,
        )
        for field in fields
    ]


def _label(path: str) -> str:
    """Return a path as words: `workloads.chat.traffic.input` is `input of chat`."""
    *parents, last = path.split(".")
    owner = next((each for each in reversed(parents) if each not in _SECTIONS), parents[-1] if parents else "")
    words = last.replace("_", " ")
    return f"{words} of {owner.replace('_', ' ')}" if owner else words


def of_law(scenario: Scenario) -> list[Assumption]:
    """Return the facts that rules ask for and that were assumed, because the scenario does not say."""
    found: dict[str, Assumption] = {}
    for workload in scenario.workloads:
        for each in workload_facts_of(scenario, workload)[1]:
            found.setdefault(
                each.fact,
                Assumption(
                    id=f"law:{each.fact}",
                    path=f"law.facts.{each.fact}",
                    label=each.fact.removeprefix("workload.").replace("_", " "),
                    value=", ".join(each.value) if isinstance(each.value, tuple) else each.value,
                    origin=Origin.DEFAULTED,
                    note=each.why,
                ),
            )
    return list(found.values())


def uncertain(inputs: Sequence[UncertainInput]) -> list[Assumption]:
    """Return the uncertain inputs with their P10, median and P90."""
    import numpy as np

    found = []
    for each in inputs:
        if each.name.startswith((CAPACITY, PROVIDER)) or isinstance(each.distribution, Certain):
            continue
        low, middle, high = (float(x) for x in each.distribution.ppf(np.array([0.1, 0.5, 0.9])))
        found.append(
            Assumption(
                id=f"uncertain:{each.name}",
                path="finance",
                label=each.name,
                value=middle,
                unit=each.unit,
                low=low,
                high=high,
                origin=Origin.DEFAULTED,
                source_title=each.source,
                date=each.date if each.date[:4].isdigit() else "",
                quality=each.quality if each.quality in ("A", "B", "C") else "",
                note=each.note,
            )
        )
    return found


def of_catalogue(
    options: Sequence[PricedOption], sources: Mapping[str, Source], today: dt.date, price_age_limit_days: float
) -> tuple[list[Assumption], dict[str, tuple[str, ...]]]:
    """Return the catalogue's facts that the options rest on, and for each option the ids of its own."""
    found: dict[str, Assumption] = {}
    by_option: dict[str, tuple[str, ...]] = {}
    for option in options:
        ids: list[str] = []
        for part in option.parts:
            for path, facts, names in _facts_of(part):
                for name in names:
                    if name not in facts:
                        continue
                    key = f"{path}.{name}"
                    found.setdefault(key, _assumption(key, facts[name], sources, today, price_age_limit_days))
                    ids.append(key)
        by_option[option.id] = tuple(dict.fromkeys(ids))
    return list(found.values()), by_option


def fitted(options: Sequence[PricedOption]) -> list[Assumption]:
    """Return how far the predicted step times of each device may be off, as assumptions."""
    found: dict[str, Assumption] = {}
    for option in options:
        for part in option.parts:
            answer, platform = part.draft.answer, part.draft.platform
            if answer is None or answer.performance is None or platform is None:
                continue
            rate = answer.performance.rate_per_s
            calibrated = answer.performance.candidate.step.calibrated
            key = f"prediction:{part.draft.asked.workload.name}:{platform.device.id}:{platform.device_count}"
            found.setdefault(
                key,
                Assumption(
                    id=key,
                    path=f"devices.{platform.device.id}",
                    label=f"requests/s per replica of {part.draft.asked.workload.name} on {platform.device.name}",
                    value=rate.value,
                    unit="1/s",
                    low=rate.low,
                    high=rate.high,
                    origin=Origin.FITTED,
                    source_title="Millwright's step times: docs/step-time.md, docs/accuracy.md",
                    note=f"basis: {rate.basis}; 80 % interval of the predicted step times, simulated"
                    + (f"; {calibrated}" if calibrated else ""),
                ),
            )
    return list(found.values())


def of_drafts(options: Sequence[PricedOption]) -> list[Assumption]:
    """Return the acceptance that each way of drafting is counted on with, as assumptions."""
    found: dict[str, Assumption] = {}
    for option in options:
        for part in option.parts:
            answer = part.draft.answer
            draft = (
                None if answer is None or answer.performance is None else answer.performance.candidate.deployment.draft
            )
            if draft is None or draft.origin is None:
                continue
            origin, workload = draft.origin, part.draft.asked.workload.name
            key = f"draft:{workload}:{origin.method}"
            found.setdefault(
                key,
                Assumption(
                    id=key,
                    path=f"workloads.{workload}.speculation",
                    label=f"chance that a drafted token of {workload} is accepted ({origin.title})",
                    value=origin.acceptance,
                    origin=Origin.CATALOGUE if origin.quality else Origin.USER,
                    source_title=origin.source,
                    date=origin.date,
                    quality=origin.quality,
                    note=f"{draft.tokens_per_step:.3g} tokens a step and sequence"
                    + ("; it depends on model, text and temperature: measure it" if origin.quality else ""),
                ),
            )
    return list(found.values())


def _facts_of(part: PricedPart) -> list[tuple[str, Mapping[str, Fact], tuple[str, ...]]]:
    platform, api = part.draft.platform, part.draft.api
    found: list[tuple[str, Mapping[str, Fact], tuple[str, ...]]] = []
    if api is not None:
        found.append((f"api.{api.id}", api.facts, _PRICE_FACTS))
    if platform is not None:
        device = platform.device
        found.append((f"devices.{device.id}", device.facts, ("memory", "bandwidth", "bf16", "fp8", "tdp")))
        if platform.host is not None:
            host = platform.host
            found.append((f"hosts.{host.id}", host.facts, ("price", "power_idle", "power_peak", "rack_units")))
        if platform.cloud is not None:
            found.append((f"cloud.{platform.cloud.id}", platform.cloud.facts, _PRICE_FACTS))
    return found


def _assumption(
    key: str, fact: Fact, sources: Mapping[str, Source], today: dt.date, price_age_limit_days: float
) -> Assumption:
    source = sources.get(fact.source)
    age = price_age_days(fact.date, today)
    is_price = key.rsplit(".", 1)[-1] in _PRICE_FACTS
    return Assumption(
        id=key,
        path=f"overrides.{key}",
        label=" ".join(key.split(".")[1:]),
        value=fact.value,
        unit=fact.unit,
        origin=Origin.USER if fact.source == "scenario" else Origin.CATALOGUE,
        source_title=source.title if source is not None else fact.source,
        source_url=source.url if source is not None else "",
        date=fact.date,
        quality=str(fact.quality),
        stale=is_price and age is not None and age > price_age_limit_days,
        note=fact.note,
    )


def catalogue_date(found: Iterable[Assumption], catalog: Catalog) -> str:
    """Return the newest date of the facts the plan rests on; where none of them has one, of the catalogue's hosts."""
    of_hosts = (fact.date for host in catalog.hosts() for fact in host.facts.values())
    for dates in ((each.date for each in found), of_hosts):
        known = [date for date in dates if price_age_days(date, dt.date.max) is not None]
        if known:
            return max(known)
    return ""


def price_age_days(date: str, today: dt.date) -> int | None:
    """Return how old a price of `date` (ISO, perhaps a year or a month only) is [day], None when it has no date."""
    parts = date.split("-") if date else []
    if not parts or not all(each.isdigit() for each in parts):
        return None
    year, month, day = (*(int(each) for each in parts), 12, 28)[:3] if len(parts) == 1 else (*map(int, parts), 28)[:3]
    try:
        return (today - dt.date(year, month, day)).days
    except ValueError:
        return None
