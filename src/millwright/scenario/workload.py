"""What must be served, and how well: a workload's model, traffic, SLO and data."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from millwright.catalog.precision import Precision
from millwright.scenario.fields import (
    Areas,
    Hours,
    Name,
    Names,
    PerYear,
    ScenarioModel,
    Seconds,
    Tokens,
    fault,
    one_or_many,
    why,
)
from millwright.scenario.speculation import Speculation
from millwright.scenario.traffic import Traffic


class Mode(StrEnum):
    """Whether somebody waits for each answer."""

    ONLINE = "online"
    BATCH = "batch"


class WorkloadKind(StrEnum):
    """What is asked of the model."""

    CHAT = "chat"  # a prompt in, an answer out, token by token
    EMBEDDING = "embedding"  # a text in, a vector out
    RERANK = "rerank"  # a question with some documents in, a score for each out
    RECOMMEND = "recommend"  # a user with some candidates in, a score for each out

    @property
    def one_pass(self) -> bool:
        """Whether the model answers with one pass over its input and generates nothing."""
        return self is not WorkloadKind.CHAT


class DataClass(StrEnum):
    """Kinds of data that rules tell apart."""

    PUBLIC = "public"
    INTERNAL = "internal"
    CONFIDENTIAL = "confidential"
    SOURCE_CODE = "source-code"
    PERSONAL = "personal"
    CHILDREN = "children"
    EMPLOYMENT = "employment"
    HEALTH = "health"
    GENETIC = "genetic"
    BIOMETRIC = "biometric"
    CRIMINAL = "criminal"
    FINANCIAL = "financial"
    PAYMENT_CARD = "payment-card"
    PRIVILEGED = "privileged"
    GOVERNMENT = "government"
    CLASSIFIED = "classified"
    EXPORT_CONTROLLED = "export-controlled"


DataClasses = Annotated[
    tuple[DataClass, ...], BeforeValidator(one_or_many, json_schema_input_type=DataClass | list[DataClass])
]
Precisions = Annotated[
    tuple[Precision, ...], BeforeValidator(one_or_many, json_schema_input_type=Precision | list[Precision])
]


class Slo(ScenarioModel):
    """Limits that a percentile of the requests must keep; a limit that is not given does not bind."""

    ttft_s: Seconds | None = Field(None, alias="ttft")
    """Time to first token."""
    tpot_s: Seconds | None = Field(None, alias="tpot")
    """Time per output token after the first: (E2E − TTFT)/(output tokens − 1)."""
    e2e_s: Seconds | None = Field(None, alias="e2e")
    """Time of the whole request."""
    percentile: float = Field(95.0, ge=50.0, lt=100.0, json_schema_extra=why("usual for service promises"))
    """Share of requests [%] that must keep the limits."""

    @field_validator("percentile", mode="before")
    @classmethod
    def _no_fraction(cls, given: object) -> object:
        if isinstance(given, float) and 0.5 <= given < 1.0:
            raise fault(f"{given:g} is a fraction, and a percentile is wanted", f"Write {100.0 * given:g}.")
        return given


DEFAULT_ONLINE_SLO = Slo(ttft_s=2.0, tpot_s=0.1)
"""First token within 2 s, as MLPerf Inference asks of its Llama 2 70B server, then 10 tokens/s: faster than reading."""


DEFAULT_ONE_PASS_SLO = Slo(e2e_s=0.5)
"""A vector or a ranking within half a second: a step before the answer that a user waits 2 s for."""


def _default_slo(given: dict[str, object]) -> Slo:
    if given.get("mode") is Mode.BATCH:
        return Slo()
    kind = given.get("kind")
    return DEFAULT_ONE_PASS_SLO if isinstance(kind, WorkloadKind) and kind.one_pass else DEFAULT_ONLINE_SLO


class Data(ScenarioModel):
    """What sort of data the requests carry, whose, and where it must stay."""

    classes: DataClasses = Field(
        (DataClass.INTERNAL,), json_schema_extra=why("assumed: nothing that a rule protects; check this one")
    )
    """Classes of data in the requests."""
    subjects: Areas = Field((), json_schema_extra=why("the organisation's country"))
    """Where the people live whom the data is about."""
    residency: Areas = Field((), json_schema_extra=why("no promise made about where data stays"))
    """Countries or areas that the data may not leave; none given: anywhere."""


class Workload(ScenarioModel):
    """Requests for one model, with their lengths, arrivals, SLO and data."""

    name: Name
    """Your name for it."""
    model: str = Field(min_length=1)
    """A model of the catalogue (`millwright catalog list models`), or a path to a `config.json`."""
    kind: WorkloadKind = Field(WorkloadKind.CHAT, json_schema_extra=why("what most models are asked for"))
    """`chat`: text is generated; `embedding`: one vector per text; `rerank`: one score per document; `recommend`: one
    score per candidate, by a recommender with embedding tables."""
    mode: Mode = Field(Mode.ONLINE, json_schema_extra=why("somebody waits for each answer"))
    """`online`: somebody waits; `batch`: the day's work must be done by the deadline."""
    traffic: Traffic
    """How many requests, when, how long."""
    growth_per_year: PerYear = Field(0.0, alias="growth", json_schema_extra=why("assumed: demand stays as it is"))
    """Growth of demand per year."""
    slo: Slo = Field(
        default_factory=_default_slo,
        json_schema_extra=why("TTFT 2 s as in MLPerf's Llama 2 70B server; TPOT 100 ms outruns readers; one pass: E2E"),
    )
    """Limits on latency."""
    deadline_hours: Hours = Field(8.0, alias="deadline", json_schema_extra=why("one night; counts only for batch work"))
    """Batch: the time in which a day's work must be done."""
    data: Data = Field(default_factory=Data)
    """What sort of data the requests carry."""
    precisions: Precisions | None = Field(
        None, min_length=1, json_schema_extra=why("every precision that the device and the engine offer")
    )
    """Number formats of the weights that are good enough; none given: all."""
    kv_precisions: Precisions | None = Field(None, min_length=1, json_schema_extra=why("16 bit"))
    """Number formats of the KV cache that are good enough; none given: bf16."""
    max_context_tokens: Tokens | None = Field(
        None, alias="max_context", json_schema_extra=why("the longest that the traffic asks for")
    )
    """Longest context that must fit."""
    length_classes: int = Field(1, ge=1, le=8, json_schema_extra=why("a router that does not look at lengths"))
    """Classes of prompt length that a router may send to different machines of a mixed fleet."""
    speculation: tuple[Speculation, ...] = Field((), max_length=8)
    """Ways of drafting that may be used, with the acceptance that you measured; `limits.speculation` says what else."""
    accepts_other_models: Names = Field((), alias="alternatives")
    """Models that would do as well, by catalogue name."""

    @model_validator(mode="after")
    def _deadline_for_batch_only(self) -> Self:
        if "deadline_hours" in self.model_fields_set and self.mode is not Mode.BATCH:
            raise fault("a deadline counts only for batch work", "Say `mode: batch`, or use slo.e2e.", ("deadline",))
        return self

    @model_validator(mode="after")
    def _one_pass_generates_nothing(self) -> Self:
        if not self.kind.one_pass:
            return self
        if self.speculation:
            raise fault(f"{self.kind} work generates no tokens to draft", "Remove it.", ("speculation",))
        if self.slo.ttft_s is not None or self.slo.tpot_s is not None:
            key = "ttft" if self.slo.ttft_s is not None else "tpot"
            raise fault(f"{self.kind} work has no tokens to wait for", "Use slo.e2e.", ("slo", key))
        if self.kind is WorkloadKind.RECOMMEND and self.traffic.input is not None:
            raise fault("a recommender reads features, not tokens", "Use traffic.items.", ("traffic", "input"))
        if self.traffic.output is not None:
            raise fault(f"{self.kind} work generates no text", "Remove the output length.", ("traffic", "output"))
        return self
