"""What a user sees: requests and step times to latency percentiles and goodput."""

from millwright.simulate.autoscaling import Autoscaling, Scaled, paid_s, start_time_s
from millwright.simulate.cluster import Member, Outage, simulate_cluster
from millwright.simulate.disaggregated import KvLink, simulate_disaggregated
from millwright.simulate.goodput import (
    CurvePoint,
    Goodput,
    RatePoint,
    latency_curve,
    max_rate_at_slo,
    max_service_rate,
    saturated_rate,
)
from millwright.simulate.load import GiveUp, simulate_closed, simulate_open
from millwright.simulate.metrics import Interval, Latency, ServiceMetrics, attainment_by, summarise
from millwright.simulate.offload import HostMemory
from millwright.simulate.outcomes import Fate, RequestOutcomes, Totals
from millwright.simulate.router import Router
from millwright.simulate.session_cluster import simulate_session_cluster
from millwright.simulate.sessions import Sessions, simulate_sessions
from millwright.simulate.slo import Slo
from millwright.simulate.watching import Occupancy, Watch

__all__ = [
    "Autoscaling",
    "CurvePoint",
    "Fate",
    "GiveUp",
    "Goodput",
    "HostMemory",
    "Interval",
    "KvLink",
    "Latency",
    "Member",
    "Occupancy",
    "Outage",
    "RatePoint",
    "RequestOutcomes",
    "Router",
    "Scaled",
    "ServiceMetrics",
    "Sessions",
    "Slo",
    "Totals",
    "Watch",
    "attainment_by",
    "latency_curve",
    "max_rate_at_slo",
    "max_service_rate",
    "paid_s",
    "saturated_rate",
    "simulate_closed",
    "simulate_cluster",
    "simulate_disaggregated",
    "simulate_open",
    "simulate_session_cluster",
    "simulate_sessions",
    "start_time_s",
    "summarise",
]
