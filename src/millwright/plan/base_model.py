"""What every part of the published plan is made of: the frozen model, finite numbers, a value with its interval."""

from __future__ import annotations

import math
from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from millwright.quantity import Basis, Estimate


def _unknown_if_not_finite(value: object) -> object:
    return None if isinstance(value, float) and not math.isfinite(value) else value


Number = Annotated[float, Field(allow_inf_nan=False)]
MaybeNumber = Annotated[Number | None, BeforeValidator(_unknown_if_not_finite)]
Share = Annotated[float, Field(ge=0.0, le=1.0)]


class PlanModel(BaseModel):
    """What all parts of a plan share: frozen, no unknown key, attribute docstrings become the schema's descriptions."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False)


class EstimateValue(PlanModel):
    """A value with its 80 % interval (P10 … P90), basis and unit; `low <= value <= high`."""

    value: Number
    low: Number
    high: Number
    unit: str
    basis: Basis = Basis.ASSUMED

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.low <= self.value <= self.high:
            raise ValueError(f"an estimate needs low <= value <= high, got {self.low}, {self.value}, {self.high}")
        return self

    @classmethod
    def of(cls, estimate: Estimate, unit: str, factor: float = 1.0) -> EstimateValue:
        """Return `estimate`, times a `factor` > 0, as a published value in `unit`."""
        return cls(
            value=estimate.value * factor,
            low=estimate.low * factor,
            high=estimate.high * factor,
            unit=unit,
            basis=estimate.basis,
        )

    @classmethod
    def exact(cls, value: float, unit: str, basis: Basis = Basis.MEASURED) -> EstimateValue:
        """Return a value without spread."""
        return cls(value=value, low=value, high=value, unit=unit, basis=basis)
