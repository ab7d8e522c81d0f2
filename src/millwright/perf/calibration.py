"""A calibration: how much slower or faster than predicted one's own machines are, and how sure that is.

It holds log factors on three times (a decode step, a prefill step, the time per request before the first token) for
pairs of a device and an engine, and for single models on them. A factor divides the efficiencies, which stay shares of
the datasheet's peak, and multiplies the overheads: no factor, however small, beats the roofline.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from millwright.errors import InputError
from millwright.perf.coefficients import SHARES
from millwright.perf.deployment import Deployment
from millwright.perf.engines import engine_id
from millwright.perf.kinship import blocks_id
from millwright.perf.knowledge import BASIS_OF_NOVELTY, shipped_knowledge
from millwright.perf.timing import Coefficients, Floats
from millwright.quantity import Basis
from millwright.scenario.text_file import read_text_file
from millwright.whole_file import write_whole

SCHEMA = 1

LIMITS = (0.5, 0.7, 1.5)
"""Largest correction of a log: decode step, prefill step, time per request. It is a correction, never the model."""

LEAST_SPREAD = 0.03
"""No calibrated spread of a log is below this: machines, versions and runs differ by as much."""

PRIOR_POINTS = 2.0
"""The shipped spread counts as this many left-out errors: three points of one's own don't make a small spread sure."""

_NOT_SCALED = ("expert_spread", "norm_kernels")


@dataclass(frozen=True, slots=True)
class Correction:
    """Log factors of one device and engine; `model` is empty for what holds of any model on them.

    `decode_spread`, `prefill_spread` and `throughput_spread` are root mean squares of left-out log errors of TPOT, TTFT
    and throughput, None where none was measured; `points` is how many different ones were fitted to.
    """

    device: str
    engine: str
    model: str
    points: int
    decode: float
    prefill: float
    request: float
    decode_spread: float | None = None
    prefill_spread: float | None = None
    throughput_spread: float | None = None

    @property
    def logs(self) -> tuple[float, float, float]:
        """The three log factors, within their limits."""
        values = (self.decode, self.prefill, self.request)
        return tuple(max(-most, min(most, each)) for each, most in zip(values, LIMITS, strict=True))  # type: ignore[return-value]

    def spread(self, shipped: float, left_out: float | None) -> float:
        """Return the spread of a log: the left-out error, and `shipped` counted as `PRIOR_POINTS` points more."""
        if left_out is None or not self.model:
            return shipped
        square = (PRIOR_POINTS * shipped**2 + self.points * left_out**2) / (PRIOR_POINTS + self.points)
        return max(math.sqrt(square), LEAST_SPREAD)


NO_CORRECTION = Correction("", "", "", 0, 0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Calibration:
    """Corrections and where they come from: date, files with their hashes, and what the fit assumed."""

    corrections: tuple[Correction, ...]
    made: str
    sources: tuple[Mapping[str, str], ...] = ()
    prior: Mapping[str, Sequence[float]] | None = None
    left_one_out: Mapping[str, Mapping[str, float]] | None = None

    def of(self, deployment: Deployment) -> Correction | None:
        """Return the correction of a deployment: its model's, else its device's and engine's, else None."""
        device, engine = deployment.device.id, engine_id(deployment.engine.name)
        matching = [each for each in self.corrections if (each.device, each.engine) == (device, engine)]
        own = [each for each in matching if each.model == deployment.model.id]
        return next(iter(own or [each for each in matching if not each.model]), None)


def scaled(coefficients: Coefficients, factor: Floats) -> Coefficients:
    """Return coefficients under which every time is `factor` as long, except that no share of a peak exceeds 1."""
    values = {}
    for each in fields(Coefficients):
        value = getattr(coefficients, each.name)
        if each.name in _NOT_SCALED:
            values[each.name] = value
        elif each.name in SHARES:
            values[each.name] = np.minimum(value / factor, 1.0)
        else:
            values[each.name] = value * factor
    return Coefficients(**values)


def calibrated_basis(basis: Basis, correction: Correction, deployment: Deployment) -> Basis:
    """Return the basis under a correction: measured for a model's own, else as if the fit had seen the device.

    What rests on an assumed figure stays assumed.
    """
    if basis is Basis.ASSUMED:
        return basis
    if correction.model:
        return Basis.MEASURED
    new_model = blocks_id(deployment.model) not in shipped_knowledge().models
    return BASIS_OF_NOVELTY["model" if new_model else "cell"]


def calibration_note(correction: Correction, calibration: Calibration) -> str:
    """Return in words what a correction rests on and does, for those who read a plan's assumptions.

    >>> calibration_note(Correction("h100", "vllm", "", 3, 0.1, 0.0, 0.0), Calibration((), "2026-11-21"))
    'calibrated on 3 points of your own (2026-11-21): decode steps × 1.11, prefill × 1.00, time per request × 1.00'
    """
    decode, prefill, request = (math.exp(each) for each in correction.logs)
    return (
        f"calibrated on {correction.points} points of your own ({calibration.made}): decode steps × {decode:.2f}, "
        f"prefill × {prefill:.2f}, time per request × {request:.2f}"
    )


def write_calibration(path: Path, calibration: Calibration) -> None:
    """Write a calibration as JSON; raises InputError when the file cannot be written."""
    document = {"kind": "millwright-calibration", "schema": SCHEMA, **asdict(calibration)}
    write_whole(path, (json.dumps(document, indent=1) + "\n").encode("utf-8"))


def read_calibration(path: Path) -> Calibration:
    """Return the calibration in a file; raises InputError when it is none."""
    remedy = "Make one with `millwright calibrate POINTS`."
    text = read_text_file(path, "a calibration (`millwright calibrate POINTS` makes one)")
    try:
        document = json.loads(text)
    except ValueError as error:
        raise InputError(f"this is no JSON: {error}", str(path), remedy) from None
    if not isinstance(document, dict) or document.get("kind") != "millwright-calibration":
        raise InputError("this is no calibration file", str(path), remedy)
    if document.get("schema") != SCHEMA:
        raise InputError(f"the schema is {document.get('schema')}, not {SCHEMA}", str(path), remedy)
    try:
        corrections = tuple(_correction(each) for each in document["corrections"])
        return Calibration(
            corrections,
            str(document["made"]),
            tuple(document.get("sources") or ()),
            document.get("prior"),
            document.get("left_one_out"),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"a correction in it is malformed: {error}", str(path), remedy) from None


def _correction(entry: Mapping[str, Any]) -> Correction:
    found = Correction(**entry)
    for name in ("decode", "prefill", "request"):
        if not math.isfinite(float(getattr(found, name))):
            raise ValueError(f"'{name}' is not a finite number")
    for name in ("decode_spread", "prefill_spread", "throughput_spread"):
        value = getattr(found, name)
        if value is not None and not (math.isfinite(float(value)) and value >= 0.0):
            raise ValueError(f"'{name}' is not a spread")
    if int(found.points) < 0:
        raise ValueError("'points' is below 0")
    return found
