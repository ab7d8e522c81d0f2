"""The search over machines: the same answers on any number of cores, every reason kept, Ctrl-C heard."""

from __future__ import annotations

import threading

import pytest
from fleet_cases import CATALOG, MODEL, service

from millwright.fleet.replica import Allowed, Service
from millwright.fleet.search import MachineAnswer, MachineQuestion, answer_device, search
from millwright.simulate.slo import Slo

DEVICES = ("l4", "l40s", "h100-sxm", "mi300x")
QUESTIONS = [MachineQuestion("chat", CATALOG.device(name), count) for name in DEVICES for count in (1, 2, 8)]
SERVICE = service(Slo(ttft_s=2.0, tpot_s=0.05), n=300)


def _search(model: str = "llama-3.1-8b", served: Service = SERVICE, **options: object) -> dict[object, MachineAnswer]:
    return search(QUESTIONS, {"chat": served}, {"chat": CATALOG.model(model)}, {"chat": Allowed()}, **options)


def _summary(answers: dict[object, MachineAnswer]) -> dict[object, object]:
    return {
        key: (
            one.machine_rate_per_s,
            one.replicas_per_machine,
            None if one.performance is None else (one.performance.rate_per_s, one.performance.candidate.key),
        )
        for key, one in answers.items()
    }


def test_the_answers_do_not_depend_on_the_number_of_workers() -> None:
    alone = _summary(_search(workers=1))
    assert _summary(_search(workers=2)) == alone
    assert _summary(_search(workers=7)) == alone
    assert set(alone) == {question.key for question in QUESTIONS}


def test_a_question_asked_twice_is_answered_once() -> None:
    seen: list[tuple[int, int]] = []
    twice = search(
        [*QUESTIONS[:3], *QUESTIONS[:3]],
        {"chat": SERVICE},
        {"chat": MODEL},
        {"chat": Allowed()},
        progress=lambda _, done, of: seen.append((done, of)),
    )
    assert set(twice) == {question.key for question in QUESTIONS[:3]}
    assert seen[-1][0] == seen[-1][1] == 1  # one device


def test_progress_goes_up_to_the_total() -> None:
    seen: list[tuple[int, int]] = []
    _search(progress=lambda _, done, of: seen.append((done, of)))
    assert [done for done, _ in seen] == list(range(1, len(DEVICES) + 1))
    assert {of for _, of in seen} == {len(DEVICES)}


def test_ctrl_c_ends_the_search_and_leaves_no_thread() -> None:
    before = threading.active_count()

    def interrupt(_: str, done: int, __: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _search(progress=interrupt, workers=2)
    assert threading.active_count() == before


def test_what_does_not_fit_says_why() -> None:
    answers = _search("llama-3.3-70b")
    for question in QUESTIONS:
        one = answers[question.key]
        assert all(each.reason for each in one.unfit)
        assert all(each.deployment.device_count <= question.device_count for each in one.unfit)
        if one.performance is None:
            assert one.unfit or one.too_slow
            assert one.replicas_per_machine == 0
            assert one.machine_rate_per_s == 0.0
    assert answers["chat", "l4", 1].performance is None
    assert answers["chat", "h100-sxm", 8].performance is not None


def test_a_larger_machine_serves_no_less() -> None:
    answers = _search("llama-3.3-70b")
    for name in DEVICES:
        rates = [answers["chat", name, count].machine_rate_per_s for count in (1, 2, 8)]
        assert rates[0] <= rates[1] * 1.02
        assert rates[1] <= rates[2] * 1.02


def test_replicas_are_those_that_fit_on_the_machine() -> None:
    for (_, _, count), one in _search("llama-3.3-70b").items():
        if one.performance is not None:
            assert one.replicas_per_machine == count // one.performance.candidate.deployment.device_count


def test_one_size_alone_gets_the_answer_that_it_gets_among_others() -> None:
    device = CATALOG.device("l40s")
    together = answer_device(SERVICE, MODEL, device, [1, 2, 4, 8])
    for count, one in together.items():
        alone = answer_device(SERVICE, MODEL, device, [count])[count]
        assert alone.machine_rate_per_s == one.machine_rate_per_s
        assert alone.replicas_per_machine == one.replicas_per_machine


def test_an_slo_beyond_every_device_is_told_by_its_figures() -> None:
    answers = _search(served=service(Slo(tpot_s=1e-5), n=300))
    for one in answers.values():
        assert one.performance is None
        assert one.too_slow
        assert all("TPOT" in each.goodput.reason for each in one.too_slow)
