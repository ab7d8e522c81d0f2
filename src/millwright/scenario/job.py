"""Work that is done again and again beside serving: fine-tuning a workload's model."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from millwright.quantity import Dimension
from millwright.scenario.fields import Days, Hours, Name, ScenarioModel, Unit, fault, why
from millwright.spans import DAYS_PER_MONTH

TrainedTokens = Annotated[
    float, Unit(Dimension.LENGTH_TOKENS, "tokens", ("50M tokens", "1200k"), at_least=1.0, at_most=1e14)
]


class TuningMethod(StrEnum):
    """What of the model is trained."""

    FULL = "full"
    LORA = "lora"
    QLORA = "qlora"


class Job(ScenarioModel):
    """A fine-tuning run that comes again: in the fleet's idle hours where it fits, else on rented machines."""

    name: Name
    """Your name for it."""
    workload: Name
    """The workload whose model is tuned; its data, so that the same rules hold."""
    method: TuningMethod = Field(TuningMethod.LORA, json_schema_extra=why("the usual way to adapt a model"))
    """`full`: all weights; `lora`: adapters beside frozen weights; `qlora`: beside weights of 4 bits."""
    tokens_trained: TrainedTokens = Field(alias="tokens")
    """Tokens seen in one run: data set times epochs."""
    every_days: Days = Field(30.0, alias="every", json_schema_extra=why("assumed: once a month"))
    """From the start of one run to the start of the next."""
    deadline_hours: Hours | None = Field(
        None, alias="deadline", json_schema_extra=why("done before the next run begins, at the latest after a week")
    )
    """The time in which a run must be done, whenever it begins."""
    sequence_tokens: int = Field(2048, ge=16, le=1_000_000, alias="sequence", json_schema_extra=why("assumed"))
    """Length of a training sequence [token]."""
    lora_rank: int = Field(16, ge=1, le=4096, alias="rank", json_schema_extra=why("usual; counts only with adapters"))
    """Rank of the adapters."""

    @model_validator(mode="after")
    def _rank_for_adapters_only(self) -> Self:
        if self.method is TuningMethod.FULL and "lora_rank" in self.model_fields_set:
            raise fault("full training has no adapters", "Remove the rank, or say `method: lora`.", ("rank",))
        return self

    @property
    def runs_per_month(self) -> float:
        """Runs in a mean month."""
        return DAYS_PER_MONTH / self.every_days

    @property
    def within_hours(self) -> float:
        """The time in which a run must be done [h]."""
        usual = min(self.every_days * 24.0, 168.0)
        return usual if self.deadline_hours is None else min(self.deadline_hours, self.every_days * 24.0)
