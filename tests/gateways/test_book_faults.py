"""What goes wrong with simulated books, and how often."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeworthy.gateways.simulator.book_faults import LASTS_S, BookFaults, FaultKind
from tradeworthy.gateways.simulator.prediction_settings import FaultSettings

DAYS = 60
steps = st.integers(0, 10**8)


def test_faults_come_as_often_and_last_as_long_as_they_say() -> None:
    """By market and day, each kind."""
    rates = {kind.value: 5.0 + 4 * place for place, kind in enumerate(FaultKind)}
    faults = BookFaults(FaultSettings.model_validate(rates), 7, "market", 1_000)
    seen = {fault for step in range(DAYS * 86_400) if (fault := faults.at(step))}
    counts = Counter(fault.kind for fault in seen)
    for kind in FaultKind:
        assert counts[kind] / DAYS == pytest.approx(rates[kind.value], rel=0.3)
        least, most = LASTS_S[kind]
        lengths = [fault.end - fault.begin for fault in seen if fault.kind is kind]
        assert least - 0.5 <= min(lengths) <= max(lengths) <= most + 0.5


@given(step=steps, seed=st.integers(0, 2**63), step_ms=st.sampled_from([1_000, 5_000, 60_000]))
def test_a_fault_does_not_depend_on_where_one_looks(step: int, seed: int, step_ms: int) -> None:
    """It is the same in each of its steps, and lasts one at least, whatever the step."""
    often = FaultSettings(stale=100, dead=80, gap=60, crossed=30, mispriced=18)
    faults = BookFaults(often, seed, "market", step_ms)
    fault = faults.at(step)
    if fault:
        assert fault.begin <= step < fault.end
        again = BookFaults(often, seed, "market", step_ms)
        assert {again.at(at) for at in range(fault.begin, fault.end)} == {fault}
        assert fault not in (again.at(fault.begin - 1), again.at(fault.end))


@given(step=steps)
def test_no_rate_no_fault(step: int) -> None:
    """All 0 is honest."""
    none = FaultSettings(stale=0, dead=0, gap=0, crossed=0, mispriced=0)
    assert BookFaults(none, 1, "market", 1_000).at(step) is None
