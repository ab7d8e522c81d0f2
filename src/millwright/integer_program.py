"""Integer programs solved by HiGHS through SciPy, the same way for fleets, people and actions, and in silence."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from millwright.silence import c_output_silenced

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64] | Sequence[float]
    Integers: TypeAlias = NDArray[np.integer] | NDArray[np.bool_] | Sequence[int]

_INFEASIBLE = 2  # scipy.optimize.milp's status


@dataclass(frozen=True)
class Effort:
    """When a search ends: at the relative `gap`, after so many `nodes` of the search tree, or after `time_s` [s].

    Nodes come first, so that the same question has the same answer on any machine; the time is there for the question
    that is far larger than all that were tried.
    """

    gap: float
    nodes: int
    time_s: float


TO_THE_END = Effort(gap=0.0, nodes=1_000_000, time_s=math.inf)


@dataclass(frozen=True)
class Rows:
    """Rows `low ≤ A x ≤ high` (rows,), A by its entries: `rows`, `columns` and `values` (entries,)."""

    rows: Integers
    columns: Integers
    values: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True)
class Found:
    """What the solver found: `values` (columns,), None where it found none; `infeasible` where it knows there is none.

    `bound` is what no solution beats, `gap` how far from it the `objective` is, over the objective [-]. Unless `proven`
    the effort was spent before that gap was as small as asked for. `message` is the solver's.
    """

    values: NDArray[np.float64] | None
    objective: float
    bound: float
    gap: float
    proven: bool
    infeasible: bool
    message: str


def minimise(
    objective: Floats,
    rows: Rows,
    lower: Floats,
    upper: Floats,
    whole: Integers,
    effort: Effort = TO_THE_END,
) -> Found:
    """Return x (columns,) of least `objective`·x under `rows`, `lower` ≤ x ≤ `upper`, in integers where `whole`."""
    import numpy as np
    from scipy.optimize import Bounds, LinearConstraint, milp  # loaded when first needed: half a second
    from scipy.sparse import coo_array

    shape = (len(rows.low), len(objective))
    at = np.asarray(rows.rows, dtype=np.int64), np.asarray(rows.columns, dtype=np.int64)
    matrix = coo_array((np.asarray(rows.values, dtype=np.float64), at), shape=shape).tocsr()
    with c_output_silenced():
        found = milp(
            np.asarray(objective, dtype=np.float64),
            integrality=np.asarray(whole, dtype=np.int64),
            bounds=Bounds(np.asarray(lower), np.asarray(upper)),
            constraints=LinearConstraint(matrix, rows.low, rows.high) if len(rows.low) else None,
            options={"mip_rel_gap": effort.gap, "node_limit": effort.nodes, "time_limit": effort.time_s},
        )
    if found.x is None:
        return Found(None, math.inf, math.inf, 0.0, False, found.status == _INFEASIBLE, found.message)
    best = float(found.fun)
    bound = best if found.mip_dual_bound is None else float(found.mip_dual_bound)
    values = np.asarray(found.x, dtype=np.float64)
    return Found(values, best, bound, float(found.mip_gap or 0.0), found.status == 0, False, found.message)
