"""From a profile to a scenario: the lengths of a workload's requests and the classes of its data."""

from __future__ import annotations

from typing import Any

from millwright.readiness.columns import DataKind
from millwright.readiness.profile import DataProfile, Lengths
from millwright.scenario.edit import Plain, scalar_text


def length_value(lengths: Lengths) -> dict[str, Plain]:
    """Return lengths as a scenario writes them: log-normal, by median and 95th percentile [tokens]."""
    median = max(1, round(lengths.p50))
    return {"kind": "lognormal", "median": f"{median} tokens", "p95": f"{max(median, round(lengths.p95))} tokens"}


def traffic_values(profile: DataProfile) -> dict[str, Plain]:
    """Return `input` and `output` for a workload's traffic, as far as the file tells them.

    Where no column tells prompts from answers, the whole record is the input. Documents have no such lengths: what is
    asked about them is not in them.
    """
    if profile.kind is DataKind.DOCUMENTS:
        return {}
    values: dict[str, Plain] = {}
    asked = profile.asked_lengths or (None if profile.answered_lengths else profile.lengths)
    if asked is not None and asked.largest > 0.0:
        values["input"] = length_value(asked)
    if profile.answered_lengths is not None:
        values["output"] = length_value(profile.answered_lengths)
    return values


def snippet(profile: DataProfile) -> str:
    """Return the YAML for a workload: its lengths, and its data classes with their evidence as comments."""
    values = traffic_values(profile)
    lines = ["traffic:"] + [f"  {key}: {scalar_text(value)}" for key, value in values.items()] if values else []
    if profile.data_classes:
        lines.append(f"data: {{classes: [{', '.join(profile.data_classes)}]}}")
        lines += [f"  # {name}: {text}" for name, text in profile.class_evidence.items()]
    return "\n".join(lines) + "\n" if lines else ""


def put_into(text: str, workload: int, profile: DataProfile, classes: tuple[str, ...]) -> str:
    """Return the scenario `text` with the lengths and data classes of a profile in the workload of that number.

    `classes` are those the scenario has already; none is taken away. Raises EditError where a value cannot be changed
    in the text alone.
    """
    from millwright.scenario.edit import set_value

    for key, value in traffic_values(profile).items():
        text = set_value(text, ("workloads", workload, "traffic", key), value)
    found: list[Any] = [*classes, *(each for each in profile.data_classes if each not in classes)]
    if profile.data_classes:
        kept = [each for each in found if each not in ("public", "internal")] or found
        text = set_value(text, ("workloads", workload, "data", "classes"), kept)
    return text
