"""The question as an integer program: columns for machines and routing, rows for demand, capacity, spares and limits.

Machines are whole numbers; routing is the fraction of a class's requests that go to a supply in a stage and period.
A machine's time is shared in proportion: Σ_c fraction_c · rate_c / goodput_c ≤ machines (as Mélange does for slices of
requests: Griggs et al., "Mélange: Cost Efficient Large Language Model Serving by Exploiting GPU Heterogeneity", 2024).
Where workloads share it by lanes, that holds for the classes of each lane by itself.
Where k machines of any kind may fail, the site's other machines must be able to take the load: see `spares`. With three
classes and more there is a second routing within the site for each kind that may fail, under which all still fits.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from millwright.fleet.optimum.linear_model import Held, LinearModel, On, Route, Sheet, Used
from millwright.fleet.optimum.problem import Amounts, Machines, MixProblem, Scarce, SiteLimit, TotalLimit, VendorLimit
from millwright.fleet.optimum.spares import MOST_CLASSES, Kind, standing_by, survival

SHARED_SPARES = 8
"""Most kinds of machine at one site that stand in for each other; where there are more, each kind keeps its own."""


def build(problem: MixProblem, elastic: frozenset[str] = frozenset()) -> LinearModel:
    """Return `problem` as an integer program.

    With `elastic` labels, limits of these labels may be exceeded and the objective is by how much, relative to each
    limit: what would have to give.
    """
    return _Writer(problem, elastic).model()


class _Writer:
    """Writes one problem down, idea by idea."""

    def __init__(self, problem: MixProblem, elastic: frozenset[str]) -> None:
        self.problem, self.elastic = problem, elastic
        self.sheet = Sheet()
        self.usable = problem.usable_machines()
        self.apis = problem.usable_tokens()
        self.held: dict[Held, int] = {}
        self.on: dict[On, int] = {}
        self.routes: dict[Route, int] = {}
        self.used: dict[Used, int] = {}
        self.due: dict[int, int] = {}
        self.slack: dict[str, int] = {}
        self.times = [(s, p) for s in range(problem.stages) for p in range(len(problem.periods))]

    def model(self) -> LinearModel:
        self._columns()
        self._demand()
        self._capacity()
        self._spares()
        self._existing()
        self._charges()
        self._limits()
        sheet = self.sheet
        objective = np.array([each.of(self.problem.measure) for each in sheet.amounts])
        if self.elastic:
            objective = np.zeros_like(objective)
            objective[list(self.slack.values())] = 1.0
        rows, columns, values = zip(*sheet.entries, strict=True) if sheet.entries else ((), (), ())
        return LinearModel(
            objective=objective,
            rows=np.array(rows, dtype=np.int64),
            columns=np.array(columns, dtype=np.int64),
            values=np.array(values, dtype=np.float64),
            row_low=np.array(sheet.low),
            row_high=np.array(sheet.high),
            lower=np.zeros(len(sheet.upper)),
            upper=np.array(sheet.upper),
            whole=np.array(sheet.whole),
            held=self.held,
            on=self.on,
            routes=self.routes,
            due=self.due,
            slack=self.slack,
        )

    # --- columns ------------------------------------------------------------------------------------------------

    def _columns(self) -> None:
        for i in self.usable:
            self._columns_of_machines(i)
        shares = [self.problem.share_of_requests(each) for each in self.problem.classes]
        for a in self.apis:
            all_of = self.problem.tokens[a].all_of
            for c, request_class in enumerate(self.problem.classes):
                if request_class.name not in all_of:
                    continue
                for s, p in self.times:
                    if request_class.peak_per_s[s, p] > 0.0:
                        paid = Amounts(cost=all_of[request_class.name][s] * shares[c][s, p])
                        self.routes["tokens", a, c, s, p] = self.sheet.column(paid, 1.0)

    def _columns_of_machines(self, i: int) -> None:
        problem, machines = self.problem, self.problem.machines[i]
        most = self._most(machines)
        for t, tenure in enumerate(machines.tenures):
            upper = most if tenure.most is None else float(tenure.most)
            self.held[i, t] = self.sheet.column(tenure.each, upper, whole=True)
        if machines.switched:
            for s, p in self.times:
                each = machines.switched[s].times(problem.periods[p].share)
                self.on[i, s, p] = self.sheet.column(each, self._most(machines, (s, p)), whole=True)
        for c, s, p, rate in self._served(machines):
            load = problem.classes[c].mean_per_s[s, p] * problem.periods[p].share / rate
            load *= machines.lane_of(problem.classes[c].name).weight
            self.routes["machines", i, c, s, p] = self.sheet.column(machines.loaded[s].times(load), 1.0)

    def _served(self, machines: Machines) -> Iterator[tuple[int, int, int, float]]:
        """Give class, stage, period and rate of everything that asks for something these machines can serve."""
        rates = self.problem.rates(machines)
        for c, request_class in enumerate(self.problem.classes):
            rate = rates.get(request_class.name)
            if rate is None:
                continue
            for s, p in self.times:
                if request_class.peak_per_s[s, p] > 0.0:
                    yield c, s, p, rate

    def _most(self, machines: Machines, time: tuple[int, int] | None = None) -> float:
        """Return how many of these machines could be of use: those that carry everything they can, and spares.

        At one stage and period (`time`), or ever.
        """
        load: dict[tuple[int, int, str], float] = defaultdict(float)
        for c, s, p, rate in self._served(machines):
            if time is None or time == (s, p):
                request_class = self.problem.classes[c]
                load[s, p, machines.lane_of(request_class.name).name] += request_class.peak_per_s[s, p] / rate
        if not load:
            return 0.0
        there = max((tenure.most or 0 for tenure in machines.tenures), default=0)
        needed = max(load.values(), default=0.0) / (1.0 - machines.away_share)
        return float(max(math.ceil(needed) + self.problem.spares_kept, there))

    def _count(self, i: int, s: int, p: int) -> list[tuple[int, float]]:
        """Return the columns that add up to the machines i in a stage and period."""
        machines = self.problem.machines[i]
        if machines.switched:
            return [(self.on[i, s, p], 1.0)]
        return [(self.held[i, t], 1.0) for t, tenure in enumerate(machines.tenures) if tenure.holds(s)]

    # --- rows ---------------------------------------------------------------------------------------------------

    def _demand(self) -> None:
        """Everything is served."""
        towards: dict[tuple[int, int, int], list[tuple[int, float]]] = {
            (c, s, p): []
            for c, request_class in enumerate(self.problem.classes)
            for s, p in self.times
            if request_class.peak_per_s[s, p] > 0.0
        }
        for (_, _, c, s, p), column in self.routes.items():
            towards[c, s, p].append((column, 1.0))
        for terms in towards.values():
            self.sheet.row(terms, low=1.0, high=1.0)

    def _loads(self, i: int, s: int, p: int, routes: dict[Route, int]) -> list[list[tuple[int, float]]]:
        """Return the machines i that the peak of a stage and period takes, lane by lane, as terms over `routes`."""
        machines = self.problem.machines[i]
        lanes: dict[str, list[tuple[int, float]]] = defaultdict(list)
        rates = self.problem.rates(machines)
        for c, request_class in enumerate(self.problem.classes):
            column = routes.get(("machines", i, c, s, p))
            if column is not None:
                load = request_class.peak_per_s[s, p] / rates[request_class.name]
                lanes[machines.lane_of(request_class.name).name].append((column, load))
        return list(lanes.values())

    def _capacity(self) -> None:
        """No machine does more than it can."""
        for i in self.usable:
            there = 1.0 - self.problem.machines[i].away_share
            for s, p in self.times:
                for load in self._loads(i, s, p, self.routes):
                    self.sheet.row([*load, *((n, -there) for n, _ in self._count(i, s, p))], high=0.0)

    def _spares(self) -> None:
        """Any kind of machine may lose k of its number, and its site still serves what it served."""
        k = self.problem.spares_kept
        if not k:
            return
        sites: dict[str, list[int]] = defaultdict(list)
        for i in self.usable:
            sites[self.problem.machines[i].site].append(i)
        for here in sites.values():
            for i in here:
                self._mark_used(i)
            shared = len(here) <= SHARED_SPARES
            for s, p in self.times:
                kinds = {i: kind for i in here if (kind := self._kind(i, s, p)).routes}
                for terms, high in standing_by(list(kinds.values()), k) if kinds else ():
                    self.sheet.row(terms, high=high)
                for i in kinds:
                    together = [other for other in kinds if self._meet(i, other, s, p)] if shared else [i]
                    self._survives(i, together, kinds, (s, p), k)

    def _kind(self, i: int, s: int, p: int) -> Kind:
        """Return what the machines i are to spares at one time."""
        machines = self.problem.machines[i]
        classes = range(len(self.problem.classes))
        routes = {c: self.routes[route] for c in classes if (route := ("machines", i, c, s, p)) in self.routes}
        rates = self.problem.rates(machines)
        does = {c: rates[self.problem.classes[c].name] / self.problem.classes[c].peak_per_s[s, p] for c in routes}
        lanes: dict[str, set[int]] = defaultdict(set)
        for c in routes:
            lanes[machines.lane_of(self.problem.classes[c].name).name].add(c)
        count = [(n, 1.0 - machines.away_share) for n, _ in self._count(i, s, p)]
        used = self.used.get((i, s, p if machines.switched else -1))
        return Kind(does, routes, count, used, tuple(frozenset(lane) for lane in lanes.values()))

    def _meet(self, i: int, other: int, s: int, p: int) -> bool:
        """Return whether `other` could take over something from `i`."""
        return any(("machines", i, c, s, p) in self.routes and ("machines", other, c, s, p) in self.routes
                   for c in range(len(self.problem.classes)))  # fmt: skip

    def _mark_used(self, i: int) -> None:
        """A kind of machine of which there is one is in use."""
        machines = self.problem.machines[i]
        times = self.times if machines.switched else [(s, -1) for s in range(self.problem.stages)]
        for s, p in times:
            count = self._count(i, s, p)
            if count:
                most = self._most(machines, (s, p) if machines.switched else None)
                self.used[i, s, p] = self.sheet.column(upper=1.0, whole=True)
                self.sheet.row([*count, (self.used[i, s, p], -most)], high=0.0)
                for period in range(len(self.problem.periods)) if p < 0 else (p,):  # a tighter bound than the count's
                    for c in range(len(self.problem.classes)):
                        route = self.routes.get(("machines", i, c, s, period))
                        if route is not None:
                            self.sheet.row([(route, 1.0), (self.used[i, s, p], -1.0)], high=0.0)

    def _survives(
        self, failing: int, together: list[int], kinds: dict[int, Kind], time: tuple[int, int], k: int
    ) -> None:
        """What these machines serve they still serve after k of one kind are lost: a second routing, or as good."""
        used = kinds[failing].used
        if used is None:
            return
        classes = {c for i in together for c in kinds[i].routes}
        if len(together) > 1 and len(classes) <= MOST_CLASSES:
            for terms, high in survival([kinds[i] for i in together], together.index(failing), k):
                self.sheet.row(terms, high=high)
            return
        s, p = time
        routes = self.routes
        if len(together) > 1:
            routes = {}
            for c in classes:
                before = {i: kinds[i].routes[c] for i in together if c in kinds[i].routes}
                for i in before:
                    routes["machines", i, c, s, p] = self.sheet.column(upper=1.0)
                after = [(routes["machines", i, c, s, p], 1.0) for i in before]
                self.sheet.row([*after, *((column, -1.0) for column in before.values())], low=0.0, high=0.0)
        for i in together:
            for load in self._loads(i, s, p, routes):
                terms = [*load, *((n, -there) for n, there in kinds[i].count)]
                if i == failing:
                    terms.append((used, float(k)))
                self.sheet.row(terms, high=0.0)

    def _existing(self) -> None:
        """What is there already is there once, and comes before anything new that would do the same work."""
        problem = self.problem
        there: dict[str, list[int]] = defaultdict(list)
        for i in self.usable:
            if any(tenure.existing for tenure in problem.machines[i].tenures):
                there[problem.machines[i].kind_of_machine].append(i)
        for supplies in there.values():
            most = max(tenure.most or 0 for i in supplies for tenure in problem.machines[i].tenures)
            serves = {name for i in supplies for name in problem.rates(problem.machines[i])}
            for s in range(problem.stages):
                kept = [
                    (self.held[i, t], 1.0)
                    for i in supplies
                    for t, tenure in enumerate(problem.machines[i].tenures)
                    if tenure.existing and tenure.holds(s)
                ]
                self.sheet.row(kept, high=float(most))
                if problem.existing_first:
                    self._first(kept, float(most), serves, s)

    def _first(self, kept: list[tuple[int, float]], most: float, serves: set[str], s: int) -> None:
        problem = self.problem
        new_allowed = self.sheet.column(upper=1.0, whole=True)
        self.sheet.row([*kept, (new_allowed, -most)], low=0.0)
        for i in self.usable:
            machines = problem.machines[i]
            if not serves & set(problem.rates(machines)):
                continue
            bound = self._most(machines)
            new = [
                self.held[i, t] for t, tenure in enumerate(machines.tenures) if tenure.holds(s) and not tenure.existing
            ]
            new += [self.on[i, s, p] for p in range(len(problem.periods)) if (i, s, p) in self.on]
            for column in new:
                self.sheet.row([(column, 1.0), (new_allowed, -bound)], high=0.0)
        bought: dict[tuple[int, int], list[tuple[int, float]]] = defaultdict(list)
        for (kind, _, c, stage, p), column in self.routes.items():
            if kind == "tokens" and stage == s and problem.classes[c].name in serves:
                bought[c, p].append((column, 1.0))
        for terms in bought.values():
            self.sheet.row([*terms, (new_allowed, -1.0)], high=0.0)

    def _charges(self) -> None:
        """What is due once something serves."""
        problem = self.problem
        for number, charge in enumerate(problem.charges):
            due = self.sheet.column(charge.amounts, 1.0, whole=True)
            self.due[number] = due
            for i in self.usable:
                if problem.machines[i].id in charge.supplies:
                    bound = self._most(problem.machines[i])
                    for s, p in self.times:
                        count = self._count(i, s, p)
                        if count and (problem.machines[i].switched or p == 0):
                            self.sheet.row([*count, (due, -bound)], high=0.0)
            towards: dict[tuple[int, int, int], list[tuple[int, float]]] = defaultdict(list)
            for (kind, i, *at), column in self.routes.items():
                supplies = problem.machines if kind == "machines" else problem.tokens
                if supplies[i].id in charge.supplies:
                    c, s, p = at
                    towards[c, s, p].append((column, 1.0))
            for terms in towards.values():  # all of them together serve no more than everything: one row, and tight
                self.sheet.row([*terms, (due, -1.0)], high=0.0)

    # --- limits -------------------------------------------------------------------------------------------------

    def _limits(self) -> None:
        for limit in self.problem.kept_limits():
            match limit:
                case SiteLimit():
                    self._site_limit(limit)
                case TotalLimit():
                    self._total_limit(limit)
                case VendorLimit():
                    self._vendor_limit(limit)

    def _at_most(self, label: str, terms: list[tuple[int, float]], most: float) -> None:
        """Write a limit in units of itself, so that slack is relative; elastic ones may be exceeded."""
        scale = most if most > 0.0 else 1.0
        scaled = [(column, value / scale) for column, value in terms]
        if label in self.elastic:
            if label not in self.slack:
                self.slack[label] = self.sheet.column()
            scaled.append((self.slack[label], -1.0))
        self.sheet.row(scaled, high=most / scale)

    def _site_limit(self, limit: SiteLimit) -> None:
        here = [i for i in self.usable if self.problem.machines[i].site == limit.site]
        if limit.scarce is Scarce.BUDGET:
            terms = [
                (self.held[i, t], tenure.price)
                for i in here
                for t, tenure in enumerate(self.problem.machines[i].tenures)
            ]
            self._at_most(limit.label, terms, limit.most)
            return
        for s in range(self.problem.stages):
            terms = []
            for i in here:
                machines = self.problem.machines[i]
                one = machines.power_w if limit.scarce is Scarce.POWER else machines.rack_units
                if not machines.switched:
                    terms += [(column, one) for column, _ in self._count(i, s, 0)]
            self._at_most(limit.label, terms, limit.most)

    def _total_limit(self, limit: TotalLimit) -> None:
        """Bound a measure in all."""
        terms = [(column, each.of(limit.measure)) for column, each in enumerate(self.sheet.amounts)]
        self._at_most(limit.label, terms, limit.most)

    def _vendor_limit(self, limit: VendorLimit) -> None:
        """Of the tokens of a stage, none may depend on one vendor for more than its share."""
        problem = self.problem
        by_vendor: dict[tuple[str, int], list[tuple[int, float]]] = defaultdict(list)
        total: dict[int, float] = defaultdict(float)
        for s, p in self.times:
            for each in problem.classes:
                total[s] += each.mean_per_s[s, p] * problem.periods[p].share * each.tokens_per_request
        for (kind, i, c, s, p), column in self.routes.items():
            each = problem.classes[c]
            vendor = problem.machines[i].vendor if kind == "machines" else problem.tokens[i].vendor
            tokens = each.mean_per_s[s, p] * problem.periods[p].share * each.tokens_per_request
            by_vendor[vendor, s].append((column, tokens / total[s]))
        for terms in by_vendor.values():
            self._at_most(limit.label, terms, limit.most_share)
