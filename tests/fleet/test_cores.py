"""Work spread over cores: results in the order of the pieces, however many cores there are; a fault ends it."""

from __future__ import annotations

import threading

import pytest

from millwright.fleet.cores import on_every_core


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_results_come_in_the_order_of_the_pieces(workers: int) -> None:
    first_may_end = threading.Event()

    def work(piece: int) -> int:
        if piece == 0 and workers > 1:
            first_may_end.wait(10.0)  # later pieces are done first
        if piece == 1:
            first_may_end.set()
        return piece * piece

    told: list[tuple[int, int]] = []
    found = on_every_core(work, range(20), lambda done, of: told.append((done, of)), workers)
    assert found == [piece * piece for piece in range(20)]
    assert told == [(done, 20) for done in range(1, 21)]


def test_who_listens_can_end_it_before_the_rest_is_begun() -> None:
    begun: list[int] = []
    held = threading.Event()

    def work(piece: int) -> None:
        begun.append(piece)
        if piece > 0:
            held.wait(0.2)

    def enough(done: int, of: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        on_every_core(work, range(100), enough, workers=1)
    assert len(begun) < 5


def test_a_fault_in_one_piece_is_raised() -> None:
    def work(piece: int) -> int:
        return 1 // piece

    with pytest.raises(ZeroDivisionError):
        on_every_core(work, [1, 0, 1])
