"""How often the same may be said."""

from tradeworthy.runtime.throttle import KEYS_MAX, Allowance, Throttle


def test_a_key_is_let_through_once_an_interval() -> None:
    """Session time counts, and each key for itself."""
    throttle = Throttle(5)
    assert [throttle.lets("BTC", ts) for ts in (0, 4, 5, 9, 10, 20)] == [True, False, True, False, True, True]
    assert throttle.lets("ETH", 4)


def test_a_throttle_forgets_keys_by_the_thousand() -> None:
    """Markets come and go; what is remembered of them is bounded."""
    throttle = Throttle(10**9)
    for number in range(3 * KEYS_MAX):
        assert throttle.lets(str(number), number)
    assert len(throttle._due) <= KEYS_MAX


def test_an_allowance_gives_a_burst_and_then_its_rate() -> None:
    """By the wall clock: a run as fast as it goes would flood else."""
    now = [0.0]
    allowance = Allowance(3, 2.0, seconds=lambda: now[0])
    assert [allowance.take() for _ in range(5)] == [True, True, True, False, False]
    now[0] = 0.5
    assert [allowance.take() for _ in range(2)] == [True, False]
    now[0] = 1_000.0
    assert [allowance.take() for _ in range(4)] == [True, True, True, False]
