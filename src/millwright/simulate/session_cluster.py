"""Sessions behind a router: each turn is routed anew when its user sends it, whichever replica had the last one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from millwright.simulate.autoscaling import Autoscaling
from millwright.simulate.cluster import Cluster, Member, Outage
from millwright.simulate.outcomes import Fate, RequestOutcomes
from millwright.simulate.router import Router
from millwright.simulate.sessions import Sessions, session_jobs
from millwright.simulate.watching import Watch


def simulate_session_cluster(
    sessions: Sessions,
    members: Sequence[Member],
    router: Router = Router.STICKY,
    *,
    outages: Sequence[Outage] = (),
    prefix_cache: bool = True,
    seed: int = 0,
    scaling: Autoscaling | None = None,
    watch: Watch | None = None,
) -> RequestOutcomes:
    """Return what becomes of each turn of `sessions` on the replicas `members` behind `router`.

    A turn comes to the router `think_s` after the turn before it ended. Turns after one that is refused or lost are
    never sent (`Fate.LOST`, their arrival NaN). The rest is as in `simulate_cluster`, whose errors it raises.
    """
    requests = sessions.as_requests()
    cluster = Cluster(
        session_jobs(sessions, requests), requests, members, outages, prefix_cache=prefix_cache, scaling=scaling
    )
    starters = sessions.turn_offsets[:-1].astype(np.int32)
    outcomes = cluster.run(starters, router, seed, watch, sessions=True)
    outcomes.fate[outcomes.fate == Fate.PENDING] = Fate.LOST
    return outcomes
