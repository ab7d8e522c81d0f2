"""The search of one replica: which precision and parallelism serve most at the SLO on one machine.

For a device and a number of them, every precision and tensor-parallel degree that fits is a candidate. Candidates are
taken in the order of an optimistic bound on what the machine could serve, and the search stops as soon as no bound
left exceeds what was found: a candidate never simulated could not have won.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from millwright.catalog.architecture import Architecture
from millwright.catalog.device import Device
from millwright.catalog.precision import Precision
from millwright.perf.deployment import Deployment, Engine, SchedulerLimits
from millwright.perf.memory import MemoryFit
