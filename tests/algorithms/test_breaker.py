from hypothesis import given
from hypothesis import strategies as st

from algorithms.breaker import Breaker, Circuit


def test_it_opens_after_failures_in_a_row_and_lets_one_probe_through() -> None:
    breaker = Breaker(failures=2, seconds=10)
    for now in (0.0, 1.0):
        assert breaker.admits(now)
        breaker.failed(now)
    assert breaker.state is Circuit.OPEN
    assert not breaker.admits(10.9)
    assert breaker.wait(5.0) == 6.0
    assert breaker.admits(11.0)
    assert not breaker.admits(11.0)  # the probe is under way
    breaker.failed(12.0)
    assert not breaker.admits(21.9)
    assert breaker.admits(22.0)
    breaker.succeeded()
    assert breaker.state is Circuit.CLOSED
    assert breaker.admits(22.0)


def test_a_success_between_failures_keeps_it_closed() -> None:
    breaker = Breaker(failures=2, seconds=10)
    for _ in range(5):
        breaker.failed(0.0)
        breaker.succeeded()
    assert breaker.admits(0.0)


def test_a_probe_that_tells_nothing_makes_way_for_the_next() -> None:
    breaker = Breaker(failures=1, seconds=1)
    breaker.failed(0.0)
    assert breaker.admits(1.0)
    breaker.unknown()
    assert breaker.admits(1.0)


@given(st.lists(st.booleans(), max_size=30), st.integers(1, 5))
def test_it_is_open_exactly_when_the_last_calls_failed(outcomes: list[bool], failures: int) -> None:
    breaker, in_row = Breaker(failures, 100.0), 0
    for good in outcomes:
        if not breaker.admits(0.0):
            break
        breaker.succeeded() if good else breaker.failed(0.0)
        in_row = 0 if good else in_row + 1
        assert (breaker.state is Circuit.OPEN) is (in_row >= failures)
