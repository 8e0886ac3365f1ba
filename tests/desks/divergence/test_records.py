"""Records: their bytes are all that they are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeworthy.desks.divergence.records import (
    BAR,
    COLUMNS_MAX,
    FEATURE_STATE,
    FEATURES,
    MEMORY,
    PARAMS,
    PRICES,
    RING,
    ROW,
    WINDOWS,
    from_bytes,
    record_of,
    to_bytes,
)

KINDS = [ROW, FEATURES, FEATURE_STATE, PARAMS, MEMORY, BAR]


@pytest.mark.parametrize("kind", KINDS)
def test_a_record_begins_at_zero_and_answers_by_name(kind: np.dtype[np.void]) -> None:
    """Attributes read and write; a second record shares nothing with the first."""
    record, other = record_of(kind), record_of(kind)
    assert not any(to_bytes(record))
    name = (kind.names or ("",))[0]
    setattr(record, name, 7)
    assert np.all(getattr(record, name) == 7)
    assert not any(to_bytes(other))


@given(st.binary(min_size=BAR.itemsize, max_size=BAR.itemsize))
def test_any_bytes_come_back(data: bytes) -> None:
    """NaNs of every kind included: a snapshot restores the bits, not the values."""
    assert to_bytes(from_bytes(data, BAR)) == data


def test_a_restored_record_can_be_changed() -> None:
    """And does not change what it was made from."""
    data = to_bytes(record_of(MEMORY))
    memory = from_bytes(data, MEMORY)
    memory.hits[3] = 5
    assert memory.hits[3] == 5
    assert not any(data)


@pytest.mark.parametrize("size", [0, BAR.itemsize - 1, BAR.itemsize + 1, 2 * BAR.itemsize])
def test_bytes_of_another_length_are_refused(size: int) -> None:
    """A snapshot of another layout can't be read as this one."""
    with pytest.raises(ValueError, match="another layout"):
        from_bytes(b"\0" * size, BAR)


def test_rings_reach_further_than_they_are_asked_to() -> None:
    """A ring must hold the longest window and one bar more; a universe of 64 fits every field."""
    assert RING > 750 + 64
    assert PRICES > 120
    assert WINDOWS == 4
    assert FEATURE_STATE["products"].shape == (WINDOWS, COLUMNS_MAX, COLUMNS_MAX)
