"""How sure the answer is: draws of all uncertain inputs at once, the same draws for every option.

An option is a function from named input values to a case, so inputs that two options share (demand, tariff, discount
rate) take the same value in both, draw by draw, and only the differences that matter remain. Sampling is by a scrambled
Sobol sequence (Sobol 1967; Owen 1998), best balanced where the number of draws is a power of two.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np

from millwright.finance.case import CaseError, CostCase
from millwright.finance.discounting import FloatArray, Value
from millwright.finance.distributions import UncertainInput
from millwright.finance.figures import npv_cost, present_tokens
from millwright.finance.running_costs import TOKENS_PER_MTOK

DRAWS = 10_000
CHUNK = 2_000
"""Draws worked out at once: few enough for a table of 60 months to stay in the cache."""

SOBOL_DRAWS = 1_024
"""Base sample of the sensitivity indices; the model is run (inputs + 2) times as often."""

CaseFromInputs: TypeAlias = Callable[[Mapping[str, Value]], CostCase]
"""Builds an option's case from input values: floats, or columns (draws, 1)."""


@dataclass(frozen=True)
class Quantiles:
    """P10, P50, P90 and the mean of one figure over all draws."""

    p10: float
    p50: float
    p90: float
    mean: float

    @classmethod
    def of(cls, values: FloatArray) -> Quantiles:
        """Return the quantiles of `values` (draws,)."""
        p10, p50, p90 = np.quantile(values, [0.1, 0.5, 0.9])
        return cls(float(p10), float(p50), float(p90), float(np.mean(values)))


def sample(inputs: Sequence[UncertainInput], draws: int = DRAWS, seed: int = 0) -> FloatArray:
    """Return Sobol points u in (0, 1), shape (draws, inputs): the first `draws` of the next power of two."""
    from scipy.stats import qmc

    if draws < 1:
        raise CaseError(f"{draws} draws; at least 1 is needed")
    if not inputs:
        return np.empty((draws, 0))
    sequence = qmc.Sobol(len(inputs), scramble=True, rng=np.random.default_rng(seed))
    points = sequence.random_base2(max(draws - 1, 1).bit_length())[:draws]
    return np.clip(points, 1e-12, 1.0 - 1e-12)


def values_at(inputs: Sequence[UncertainInput], u: FloatArray) -> dict[str, Value]:
    """Return each input's values at the shares `u` (draws, inputs), as columns (draws, 1)."""
    return {x.name: np.asarray(x.distribution.ppf(u[:, [column]])) for column, x in enumerate(inputs)}


def median_values(inputs: Sequence[UncertainInput]) -> dict[str, Value]:
    """Return each input's median as a plain number: the point case."""
    return {x.name: x.median for x in inputs}


@dataclass(frozen=True)
class Comparison:
    """Options over all draws. `costs` and `lcots` are (draws, options): present cost, and cost per million tokens.

    `u` are the Sobol points (draws, inputs).
    """

    options: tuple[str, ...]
    inputs: tuple[UncertainInput, ...]
    u: FloatArray
    costs: FloatArray
    lcots: FloatArray

    def cost(self, option: str) -> Quantiles:
        """Return the quantiles of an option's present cost [currency]."""
        return Quantiles.of(self.costs[:, self.options.index(option)])

    def lcot(self, option: str) -> Quantiles:
        """Return the quantiles of an option's LCOT [currency/Mtok]."""
        return Quantiles.of(self.lcots[:, self.options.index(option)])

    @cached_property
    def probability_best(self) -> dict[str, float]:
        """Share of draws in which each option is the cheapest; the shares add up to 1 (ties go to the first)."""
        best = self.costs.argmin(axis=1)
        return {name: float(np.mean(best == k)) for k, name in enumerate(self.options)}

    def probability_cheaper(self, option: str, other: str) -> float:
        """Return the share of draws in which `option` costs less than `other`."""
        a, b = self.options.index(option), self.options.index(other)
        return float(np.mean(self.costs[:, a] < self.costs[:, b]))

    @cached_property
    def expected_regret(self) -> dict[str, float]:
        """What choosing an option now costs on average against choosing the best one in hindsight [currency]."""
        regret = self.costs - self.costs.min(axis=1, keepdims=True)
        return {name: float(regret[:, k].mean()) for k, name in enumerate(self.options)}

    @cached_property
    def regret_matrix(self) -> FloatArray:
        """Mean regret of choosing row i in the draws where column j is best; nan where j never is. Zero diagonal."""
        best = self.costs.argmin(axis=1)
        matrix = np.full((len(self.options),) * 2, np.nan)
        for j in range(len(self.options)):
            draws = self.costs[best == j]
            if draws.size:
                matrix[:, j] = (draws - draws[:, [j]]).mean(axis=0)
        return matrix

    @cached_property
    def value_of_perfect_information(self) -> float:
        """EVPI = min_k E[cost_k] − E[min_k cost_k] [currency]: what knowing everything beforehand would be worth."""
        return float(self.costs.mean(axis=0).min() - self.costs.min(axis=1).mean())

    @cached_property
    def value_of_knowing(self) -> dict[str, float]:
        """EVPI of each input alone [currency], largest first: what it would be worth to measure or negotiate it first.

        min_k E[cost_k] − E_x[E[cost_k*(x) | x]], where k*(x) has the least E[cost_k | x] by regression on a polynomial
        of the input's rank (Strong, Oakley and Brennan 2014), so no second loop of draws is needed. What k*(x) costs
        is taken from the draws, not from the regression: a wild fit then earns nothing, and knowing one input is never
        worth more than knowing all.
        """
        baseline = self.costs.mean(axis=0).min()
        worth = {}
        for column, uncertain in enumerate(self.inputs):
            chosen = _conditional_means(uncertain, self.u[:, column], self.costs).argmin(axis=1)
            gain = float(baseline - np.take_along_axis(self.costs, chosen[:, None], axis=1).mean())
            worth[uncertain.name] = gain if gain > _ROUNDING * abs(baseline) else 0.0
        return dict(sorted(worth.items(), key=lambda pair: -pair[1]))


_POLYNOMIAL_DEGREE = 5
_ROUNDING = 1e-9


def _conditional_means(uncertain: UncertainInput, u: FloatArray, costs: FloatArray) -> FloatArray:
    """Return E[cost_k | x] for each draw (draws, options)."""
    values = uncertain.distribution.ppf(u)
    distinct, group = np.unique(values, return_inverse=True)
    if len(distinct) <= 10:
        counts = np.bincount(group)[:, None]
        sums = np.stack([np.bincount(group, weights=costs[:, k]) for k in range(costs.shape[1])], axis=1)
        return np.asarray((sums / counts)[group])
    degree = min(_POLYNOMIAL_DEGREE, len(u) - 1)
    basis = np.polynomial.legendre.legvander(2.0 * u - 1.0, degree)
    orthonormal = np.linalg.qr(basis).Q  # least squares for all options at once: a tenth of the time of lstsq
    return np.asarray(orthonormal @ (orthonormal.T @ costs))


def compare(
    options: Mapping[str, CaseFromInputs], inputs: Sequence[UncertainInput], draws: int = DRAWS, seed: int = 0
) -> Comparison:
    """Return all options over the same draws of `inputs`; the same seed gives the same numbers."""
    u = sample(inputs, draws, seed)
    costs, lcots = _costs_at(list(options.values()), inputs, u)
    return Comparison(tuple(options), tuple(inputs), u, costs, lcots)


def _costs_at(
    builders: Sequence[CaseFromInputs], inputs: Sequence[UncertainInput], u: FloatArray
) -> tuple[FloatArray, FloatArray]:
    costs = np.empty((len(u), len(builders)))
    lcots = np.empty_like(costs)
    for start in range(0, len(u), CHUNK):
        rows = slice(start, start + CHUNK)
        values = values_at(inputs, u[rows])
        for k, build in enumerate(builders):
            case = build(values)
            costs[rows, k] = npv_cost(case)
            lcots[rows, k] = costs[rows, k] / present_tokens(case) * TOKENS_PER_MTOK
    return costs, lcots


@dataclass(frozen=True)
class Swing:
    """LCOT when one input is at its P10 and at its P90, all others at their median [currency/Mtok]."""

    input: str
    at_p10: float
    at_p90: float

    @property
    def width(self) -> float:
        """Distance between the two."""
        return abs(self.at_p90 - self.at_p10)


def tornado(option: CaseFromInputs, inputs: Sequence[UncertainInput]) -> tuple[Swing, ...]:
    """Return the swing of each input, widest first."""
    if not inputs:
        return ()
    u = np.full((2 * len(inputs), len(inputs)), 0.5)
    for k in range(len(inputs)):
        u[2 * k, k], u[2 * k + 1, k] = 0.1, 0.9
    _, lcots = _costs_at([option], inputs, u)
    swings = [Swing(x.name, float(lcots[2 * k, 0]), float(lcots[2 * k + 1, 0])) for k, x in enumerate(inputs)]
    return tuple(sorted(swings, key=lambda swing: -swing.width))


@dataclass(frozen=True)
class Sensitivity:
    """Sobol indices of one input: the share of the variance it explains alone, and with all its interactions."""

    input: str
    first_order: float
    total: float


def sobol(
    option: CaseFromInputs,
    inputs: Sequence[UncertainInput],
    against: CaseFromInputs | None = None,
    base_draws: int = SOBOL_DRAWS,
    seed: int = 0,
) -> tuple[Sensitivity, ...]:
    """Return Sobol indices of the option's LCOT (or of the difference to `against`), largest total first.

    Saltelli et al. 2010 through `scipy.stats.sobol_indices`. `base_draws` must be a power of two. An outcome that does
    not vary has no indices: all are 0.
    """
    from scipy.stats import sobol_indices

    uncertain = [x for x in inputs if not _is_certain(x)]
    certain = [Sensitivity(x.name, 0.0, 0.0) for x in inputs if _is_certain(x)]
    if not uncertain:
        return tuple(certain)
    builders = [option] if against is None else [option, against]
    fixed = {x.name: x.median for x in inputs if _is_certain(x)}

    def outcome(values: FloatArray) -> FloatArray:
        result = np.empty(values.shape[1])
        for start in range(0, values.shape[1], CHUNK):
            rows = slice(start, start + CHUNK)
            named: dict[str, Value] = {x.name: values[k, rows][:, None] for k, x in enumerate(uncertain)}
            lcots = []
            for build in builders:
                case = build({**fixed, **named})
                lcots.append(npv_cost(case) / present_tokens(case) * TOKENS_PER_MTOK)
            result[rows] = lcots[0] - lcots[1] if len(lcots) == 2 else lcots[0]
        return result

    probe = outcome(np.stack([x.distribution.ppf(sample(uncertain, 64, seed)[:, k]) for k, x in enumerate(uncertain)]))
    if np.ptp(probe) <= 1e-12 * max(1.0, float(np.abs(probe).max())):
        return tuple(Sensitivity(x.name, 0.0, 0.0) for x in inputs)
    shapes: Any = [x.distribution for x in uncertain]  # its stubs ask for scipy's own distributions; any ppf will do
    indices = sobol_indices(func=outcome, n=base_draws, dists=shapes, rng=np.random.default_rng(seed))
    found = [
        Sensitivity(x.name, float(np.ravel(indices.first_order)[k]), float(np.ravel(indices.total_order)[k]))
        for k, x in enumerate(uncertain)
    ]
    return tuple(sorted([*found, *certain], key=lambda index: -index.total))


def _is_certain(uncertain: UncertainInput) -> bool:
    return uncertain.quantile(0.001) == uncertain.quantile(0.999)
