"""How many requests come, when, and how long they are, as the user says it."""

from __future__ import annotations

import math
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, model_validator

from millwright.errors import InputError
from millwright.scenario.fields import Count, Factor, Rate, ScenarioModel, Seconds, Tokens, fault, kind_of, why
from millwright.traffic.profile import profile_named, profiles
from millwright.traffic.shape import named_shapes, shape_named

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
            raise fault("p95 is below the mean or median", "Give a p95 that is at least as long.", ("p95",))
        if self.p95_tokens is not None and self.mean_tokens is not None:
            highest = math.exp(_Z95**2 / 2)  # of p95/mean, reached at sigma = z95
            if self.p95_tokens / self.mean_tokens > highest:
                raise fault(
                    f"no log-normal has a p95 more than {highest:.2f} times its mean",
                    "Give median and p95 instead, or an empirical length from a file.",
                    ("p95",),
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
        custom_error_message=f"expected {', '.join(kinds)}, such as {example}",
    )


LENGTH_KINDS = ("fixed", "uniform", "lognormal", "empirical")

Length = Annotated[
    Annotated[FixedLength, Tag("fixed")]
    | Annotated[UniformLength, Tag("uniform")]
    | Annotated[LognormalLength, Tag("lognormal")]
    | Annotated[EmpiricalLength, Tag("empirical")],
    _told_apart(LENGTH_KINDS, "{kind: lognormal, mean: 250 tokens, p95: 700 tokens}"),
    BeforeValidator(
        _spell_out_length,
        json_schema_input_type=Tokens | FixedLength | UniformLength | LognormalLength | EmpiricalLength,
    ),
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
    BeforeValidator(
        _spell_out_arrivals,
        json_schema_input_type=Literal["poisson"] | PoissonArrivals | GammaArrivals | BurstArrivals,
    ),
]


# --- traffic ---------------------------------------------------------------------------------------------------


ShapeName = Annotated[str, Field(json_schema_extra={"enum": list(named_shapes())})]


def _check_shape(value: object) -> object:
    if isinstance(value, list | tuple):
        weights = [each for each in value if isinstance(each, int | float) and not isinstance(each, bool)]
        if len(weights) != len(value) or not all(0 <= each < math.inf for each in weights):
            raise fault("a shape's weights must be numbers of 0 or more", "Write 24 or 168 of them.")
        if len(weights) not in (24, 168):
            raise fault(
                f"a shape has 24 weights (hours of the day) or 168 (hours of the week), not {len(weights)}",
                f"Write so many, or one of {', '.join(named_shapes())}.",
            )
        if max(weights) <= 0:
            raise fault("all weights of the shape are 0", "Give at least one hour a weight above 0.")
        return tuple(float(each) for each in weights)
    if not isinstance(value, str):
        names = ", ".join(named_shapes())
        raise fault(f"expected a shape, got {kind_of(value)}", f"Write {names}, or 24 or 168 hourly weights.")
    try:
        return shape_named(value).name
    except InputError as error:
        raise fault(error.what, error.remedy) from None


Shape = Annotated[
    str | tuple[float, ...], BeforeValidator(_check_shape, json_schema_input_type=ShapeName | list[float])
]
"""A named shape, or 24 weights (hours of the day) or 168 (hours of the week, Monday 00:00 first)."""


def _check_profile(value: str) -> str:
    try:
        return profile_named(value).name
    except InputError as error:
        raise fault(error.what, error.remedy) from None


ProfileName = Annotated[str, AfterValidator(_check_profile), Field(json_schema_extra={"enum": list(profiles())})]


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
    """Recorded requests, as the path of a file or as keys: lengths and gaps are replayed."""
    trace_scale: float = Field(
        1.0, gt=0.0, le=1e6, json_schema_extra=why("the trace's own rate; counts only with `trace`")
    )
    """Rate asked for over the trace's own rate."""
    demand_factor: Factor = 1.0
    """Multiple of all this to plan for: 1.5 is half as much again."""
    profile: ProfileName = Field(
        "conversation", json_schema_extra=why("the commonest use; others: code, long-context, summarisation")
    )
    """Named profile that fills in lengths, arrivals and shape: conversation, code, long-context, summarisation."""
    input: Length | None = None
    """Input (prompt) length: see Lengths."""
    output: Length | None = None
    """Output length: see Lengths."""
    items: int = Field(1, ge=1, le=10_000, json_schema_extra=why("each request is one text"))
    """Texts in one request of a one-pass model: documents to rerank for a question, each with it of length `input`;
    of a recommender: candidates to score."""
    arrivals: Arrivals | None = None
    """How bursty requests come within an hour: see Arrivals."""
    shape: Shape | None = None
    """How demand goes up and down over the week: a shape below, or 24 or 168 hourly weights."""

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
            raise fault(f"the traffic is given more than once: {' and '.join(given)}", "Keep one of them.", (given[1],))
        if not given:
            raise fault("the amount of traffic is missing", f"Give one of {', '.join(amounts)}.")
        if "requests_per_user_per_day" in self.model_fields_set and self.users is None:
            raise fault(
                "requests_per_user_per_day needs users",
                "Give users, or requests_per_day.",
                ("requests_per_user_per_day",),
            )
        if "trace_scale" in self.model_fields_set and self.trace is None:
            raise fault("trace_scale needs a trace", "Give a trace, or leave it out.", ("trace_scale",))
        own = [key for key in ("profile", "input", "output", "items", "arrivals") if key in self.model_fields_set]
        if self.trace is not None and own:
            raise fault(
                f"a trace brings its own lengths and gaps, and {own[0]} says others", f"Remove {own[0]}.", (own[0],)
            )
        return self
