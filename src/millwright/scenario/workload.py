"""What must be served, and how well: a workload's model, traffic, SLO and data."""

from __future__ import annotations

import math
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Discriminator, Field, Tag, field_validator, model_validator

from millwright.catalog.precision import Precision
from millwright.scenario.fields import (
    Areas,
    Count,
    Hours,
    Name,
    PerYear,
    Rate,
    ScenarioModel,
    Seconds,
    Tokens,
    fault,
    kind_of,
    why,
)


class Mode(StrEnum):
    """Whether somebody waits for each answer."""

    ONLINE = "online"
    BATCH = "batch"


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


# --- lengths ---------------------------------------------------------------------------------------------------


class FixedLength(ScenarioModel):
    """Every request has this length."""

    kind: Literal["fixed"] = "fixed"
    tokens: Tokens
    """Length of every request."""


class UniformLength(ScenarioModel):
    """Lengths spread evenly between two bounds, both included."""

    kind: Literal["uniform"] = "uniform"
    low_tokens: Tokens = Field(alias="low")
    """Shortest length."""
    high_tokens: Tokens = Field(alias="high")
    """Longest length."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.low_tokens > self.high_tokens:
            raise fault("the lower bound is above the upper one", "Swap low and high.")
        return self


class LognormalLength(ScenarioModel):
    """Log-normal lengths, by mean and p95, or by median and p95, or by median and sigma of the logarithm."""

    kind: Literal["lognormal"] = "lognormal"
    mean_tokens: Tokens | None = Field(None, alias="mean")
    """Mean length."""
    median_tokens: Tokens | None = Field(None, alias="median")
    """Median length."""
    p95_tokens: Tokens | None = Field(None, alias="p95")
    """Length that 95 % of the requests do not exceed."""
    sigma: float | None = Field(None, ge=0.0, le=5.0)
    """Standard deviation of the natural logarithm of the length."""

    @model_validator(mode="after")
    def _determined(self) -> Self:
        centre = [each for each in (self.mean_tokens, self.median_tokens) if each is not None]
        spread = [each for each in (self.p95_tokens, self.sigma) if each is not None]
        if len(centre) != 1 or len(spread) != 1:
            raise fault(
                "a log-normal length needs one of mean and median, and one of p95 and sigma",
                "Write for example {kind: lognormal, mean: 250 tokens, p95: 700 tokens}.",
            )
        if self.p95_tokens is not None and self.p95_tokens < centre[0]:
            raise fault("p95 is below the mean or median", "Give a p95 that is at least as long.")
        if self.p95_tokens is not None and self.mean_tokens is not None:
            highest = math.exp(_Z95**2 / 2)  # of p95/mean, reached at sigma = z95
            if self.p95_tokens / self.mean_tokens > highest:
                raise fault(
                    f"no log-normal has a p95 more than {highest:.2f} times its mean",
                    "Give median and p95 instead, or an empirical length from a file.",
                )
        return self


_Z95 = 1.6448536269514722


class EmpiricalLength(ScenarioModel):
    """Lengths drawn from a column of a file (CSV, JSONL or Parquet), beside the scenario."""

    kind: Literal["empirical"] = "empirical"
    file: str
    """Path, relative to the scenario file."""
    column: str | None = None
    """Column of the lengths; needed when the file has more than one."""


def _spell_out_length(value: object) -> object:
    """Turn `1200 tokens` into a fixed length, and tell the kind of a mapping by its keys where it is not given."""
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return {"kind": "fixed", "tokens": value}
    if isinstance(value, dict) and "kind" not in value:
        keys = set(value)
        if keys & {"file", "column"}:
            return {"kind": "empirical", **value}
        if keys & {"low", "high"}:
            return {"kind": "uniform", **value}
        if keys & {"mean", "median", "p95", "sigma"}:
            return {"kind": "lognormal", **value}
        return {"kind": "fixed", **value}
    return value


def _kind(value: Any) -> str | None:
    kind = value.get("kind") if isinstance(value, dict) else getattr(value, "kind", None)
    return kind if isinstance(kind, str) else None


def _told_apart(kinds: tuple[str, ...], example: str) -> Discriminator:
    return Discriminator(
        _kind,
        custom_error_type="scenario_kind",
        custom_error_message=f"expected one of the kinds {', '.join(kinds)}, such as {example}",
    )


LENGTH_KINDS = ("fixed", "uniform", "lognormal", "empirical")

Length = Annotated[
    Annotated[FixedLength, Tag("fixed")]
    | Annotated[UniformLength, Tag("uniform")]
    | Annotated[LognormalLength, Tag("lognormal")]
    | Annotated[EmpiricalLength, Tag("empirical")],
    _told_apart(LENGTH_KINDS, "{kind: lognormal, mean: 250 tokens, p95: 700 tokens}"),
    BeforeValidator(_spell_out_length, json_schema_input_type=Any),
]


# --- arrivals --------------------------------------------------------------------------------------------------


class PoissonArrivals(ScenarioModel):
    """Requests come independently of each other."""

    kind: Literal["poisson"] = "poisson"


class GammaArrivals(ScenarioModel):
    """Gaps between requests are gamma distributed: burstier than Poisson when cv > 1, more regular when cv < 1."""

    kind: Literal["gamma"] = "gamma"
    cv: float = Field(ge=0.05, le=20.0)
    """Coefficient of variation of the gaps (standard deviation over mean)."""


class BurstArrivals(ScenarioModel):
    """Calm and burst take turns (a two-state Markov-modulated Poisson process)."""

    kind: Literal["bursts"] = "bursts"
    ratio: float = Field(gt=1.0, le=1000.0)
    """Rate in a burst over rate in a calm."""
    burst_s: Seconds = Field(alias="burst")
    """Mean length of a burst."""
    calm_s: Seconds = Field(alias="calm")
    """Mean length of a calm."""


def _spell_out_arrivals(value: object) -> object:
    if isinstance(value, str):
        return {"kind": value}
    if isinstance(value, dict) and "kind" not in value:
        return {"kind": "gamma" if "cv" in value else "bursts", **value}
    return value


ARRIVAL_KINDS = ("poisson", "gamma", "bursts")

Arrivals = Annotated[
    Annotated[PoissonArrivals, Tag("poisson")]
    | Annotated[GammaArrivals, Tag("gamma")]
    | Annotated[BurstArrivals, Tag("bursts")],
    _told_apart(ARRIVAL_KINDS, "poisson, or {kind: gamma, cv: 2}"),
    BeforeValidator(_spell_out_arrivals, json_schema_input_type=Any),
]


# --- traffic ---------------------------------------------------------------------------------------------------


class NamedShape(StrEnum):
    """How demand goes up and down over the week."""

    FLAT = "flat"
    DAY_NIGHT = "day-night"
    OFFICE_HOURS = "office-hours"


def _check_shape(value: object) -> object:
    if isinstance(value, list | tuple):
        weights = [each for each in value if isinstance(each, int | float) and not isinstance(each, bool)]
        if len(weights) != len(value) or not all(math.isfinite(each) and each >= 0 for each in weights):
            raise fault("a shape's weights must be numbers of 0 or more", "Write 24 or 168 of them.")
        if len(weights) not in (24, 168):
            raise fault(
                f"a shape has {len(weights)} weights", "Write 24 (one per hour of the day) or 168 (of the week)."
            )
        if max(weights) <= 0:
            raise fault("all weights of the shape are 0", "Give at least one hour a weight above 0.")
        return tuple(float(each) for each in weights)
    if not isinstance(value, NamedShape) and value not in tuple(NamedShape):
        names = ", ".join(NamedShape)
        raise fault(
            f"expected a shape, got {value if isinstance(value, str) else kind_of(value)!r}",
            f"Write {names}, or a list of 24 or 168 hourly weights.",
        )
    return value


Shape = Annotated[NamedShape | tuple[float, ...], BeforeValidator(_check_shape)]
"""A named shape, or 24 weights (hours of the day) or 168 (hours of the week, Monday 00:00 first)."""


class TraceFormat(StrEnum):
    """How a trace file is written."""

    AUTO = "auto"
    AZURE = "azure"
    MOONCAKE = "mooncake"
    GENERIC = "generic"


class TraceColumns(ScenarioModel):
    """Which columns of a generic trace hold what."""

    arrival: str
    """Time of arrival: seconds, or a timestamp."""
    input: str
    """Input tokens."""
    output: str
    """Output tokens."""


class Trace(ScenarioModel):
    """A file of recorded requests."""

    file: str
    """Path, relative to the scenario file."""
    format: TraceFormat = TraceFormat.AUTO
    """`azure` (the Azure LLM traces' CSV), `mooncake` (JSONL), `generic` (CSV or Parquet with `columns`), `auto`."""
    columns: TraceColumns | None = None
    """Names of the columns of a generic trace."""


def _spell_out_trace(value: object) -> object:
    return {"file": value} if isinstance(value, str) else value


class Traffic(ScenarioModel):
    """How many requests come, when, and how long they are. What is not given comes from the profile.

    Say how many by exactly one of `rate`, `requests_per_day`, `users` (with `requests_per_user_per_day`) and `trace`.
    """

    rate_per_s: Rate | None = Field(None, alias="rate")
    """Mean rate over the whole week."""
    requests_per_day: Count | None = None
    """Requests on the busiest day of the week (a working day, if nobody works at the weekend)."""
    users: Count | None = None
    """People who use it on the busiest day."""
    requests_per_user_per_day: Count = Field(
        12.0, json_schema_extra=why("assumed: a user who works with it daily; replace by your own count")
    )
    """Requests of one user on the busiest day; counts only with `users`."""
    trace: Annotated[Trace, BeforeValidator(_spell_out_trace, json_schema_input_type=str | Trace)] | None = None
    """Recorded requests: lengths and gaps are replayed."""
    trace_scale: float = Field(
        1.0, gt=0.0, le=1e6, json_schema_extra=why("the trace's own rate; counts only with `trace`")
    )
    """Rate asked for over the trace's own rate."""
    profile: str = Field(
        "conversation", json_schema_extra=why("the commonest use; others: code, long-context, summarisation")
    )
    """Named profile that fills in lengths, arrivals and shape: conversation, code, long-context, summarisation."""
    input: Length | None = None
    """Input (prompt) length."""
    output: Length | None = None
    """Output length."""
    arrivals: Arrivals | None = None
    """How bursty requests come within an hour."""
    shape: Shape | None = None
    """How demand goes up and down over the week."""

    @model_validator(mode="after")
    def _one_amount(self) -> Self:
        amounts = {
            "rate": self.rate_per_s,
            "requests_per_day": self.requests_per_day,
            "users": self.users,
            "trace": self.trace,
        }
        given = [key for key, value in amounts.items() if value is not None]
        if len(given) > 1:
            raise fault(f"the traffic is given more than once: {' and '.join(given)}", "Keep one of them.")
        if not given:
            raise fault("the amount of traffic is missing", f"Give one of {', '.join(amounts)}.")
        if "requests_per_user_per_day" in self.model_fields_set and self.users is None:
            raise fault("requests_per_user_per_day needs users", "Give users, or requests_per_day instead.")
        if "trace_scale" in self.model_fields_set and self.trace is None:
            raise fault("trace_scale needs a trace", "Give a trace, or leave trace_scale out.")
        return self


# --- the workload ----------------------------------------------------------------------------------------------


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

    @property
    def is_open(self) -> bool:
        """Whether no limit binds."""
        return self.ttft_s is None and self.tpot_s is None and self.e2e_s is None


DEFAULT_ONLINE_SLO = Slo(ttft_s=2.0, tpot_s=0.1)
"""First token within 2 s, as MLPerf Inference asks of its Llama 2 70B server, then 10 tokens/s: faster than reading."""


class Data(ScenarioModel):
    """What sort of data the requests carry, whose, and where it must stay."""

    classes: tuple[DataClass, ...] = Field(
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
    mode: Mode = Field(Mode.ONLINE, json_schema_extra=why("somebody waits for each answer"))
    """`online`: somebody waits; `batch`: the day's work must be done by the deadline."""
    traffic: Traffic
    """How many requests, when, how long."""
    growth_per_year: PerYear = Field(0.0, alias="growth", json_schema_extra=why("assumed: demand stays as it is"))
    """Growth of demand per year."""
    slo: Slo = Field(
        default_factory=lambda given: Slo() if given.get("mode") is Mode.BATCH else DEFAULT_ONLINE_SLO,
        json_schema_extra=why("TTFT 2 s as in MLPerf's Llama 2 70B server; 10 tokens/s outrun a reader"),
    )
    """Limits on latency."""
    deadline_hours: Hours = Field(8.0, alias="deadline", json_schema_extra=why("one night; counts only for batch work"))
    """Batch: the time in which a day's work must be done."""
    data: Data = Field(default_factory=Data)
    """What sort of data the requests carry."""
    precisions: tuple[Precision, ...] | None = Field(
        None, min_length=1, json_schema_extra=why("every precision that the device and the engine offer")
    )
    """Number formats of the weights that are good enough; none given: all."""
    kv_precisions: tuple[Precision, ...] | None = Field(None, min_length=1, json_schema_extra=why("16 bit"))
    """Number formats of the KV cache that are good enough; none given: bf16."""
    max_context_tokens: Tokens | None = Field(
        None, alias="max_context", json_schema_extra=why("the longest that the traffic asks for")
    )
    """Longest context that must fit."""
    accepts_other_models: tuple[str, ...] = Field((), alias="alternatives")
    """Models that would do as well, by catalogue name."""

    @field_validator("precisions", "kv_precisions", mode="before")
    @classmethod
    def _one_precision_is_a_list(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _deadline_for_batch_only(self) -> Self:
        if "deadline_hours" in self.model_fields_set and self.mode is not Mode.BATCH:
            raise fault("a deadline counts only for batch work", "Say `mode: batch`, or use slo.e2e.")
        return self
