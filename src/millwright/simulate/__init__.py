"""What a user sees: requests and step times to latency percentiles and goodput."""

from millwright.simulate.load import simulate_closed, simulate_open
from millwright.simulate.outcomes import Fate, RequestOutcomes, Totals
from millwright.simulate.slo import Slo

__all__ = ["Fate", "RequestOutcomes", "Slo", "Totals", "simulate_closed", "simulate_open"]
