"""The capital ledger's file: chained, whole, and told of nothing that is not durable."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from tradeworthy.core.errors import UsageError
from tradeworthy.gateways.capital_ledger import (
    CapitalLedger,
    LedgerLine,
    amount_of,
    bytes_of,
    chained,
    ns_of,
    read_ledger,
    set_aside,
    verify,
)
from tradeworthy.market.bars import utc_text

DAY = 86_400_000_000_000
FIRST = 20_000


def line(number: int, opened: str = "100", pnl: str = "1.5", run: str = "r-1") -> LedgerLine:
    """Day `number` of a strategy."""
    begin = (FIRST + number) * DAY
    return LedgerLine(
        seq=0,
        strategy="blue",
        date=utc_text(begin)[:10],
        capital_open=Decimal(opened),
        pnl=Decimal(pnl),
        capital_close=Decimal(opened) + Decimal(pnl),
        trades=3,
        engine="e",
        config="c",
        ts=utc_text(begin + DAY),
        run=run,
    )


def chain(*lines: LedgerLine) -> bytes:
    """Their file."""
    data, before = b"", None
    for one in lines:
        before = chained(one, before)
        data += bytes_of(before)
    return data


DAYS = chain(line(0), line(1, "101.5", "-0.00000001"), line(2, "101.49999999"))


def test_lines_read_back_as_they_were_written() -> None:
    """D11: money stands as exact numbers, each line counts on and names the one before it."""
    lines = verify(DAYS, "x")
    assert [one.seq for one in lines] == [1, 2, 3]
    assert [one.prev_sha for one in lines] == ["", lines[0].sha, lines[1].sha]
    assert lines[1].capital == 10_149_999_999
    assert json.loads(DAYS.splitlines()[0])["capital_close"] == 101.5


def test_a_torn_last_line_is_ignored() -> None:
    """D11: wherever the write broke off."""
    whole = DAYS[: DAYS.rindex(b'{"seq":3')]
    for end in range(len(whole), len(DAYS)):
        assert len(verify(DAYS[:end], "x")) == 2
    assert len(verify(whole + b"\0\0\0\n", "x")) == 2


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (DAYS.replace(b"101.5", b"101.6", 1), "line 1: its seq, prev_sha or sha"),
        (DAYS.replace(b'"trades":3', b'"trades": 3', 1), "line 1: its seq, prev_sha or sha"),
        (b"".join(DAYS.splitlines(keepends=True)[1:]), "line 1: its seq, prev_sha or sha"),
        (b"?\n" + DAYS, "line 1: it is no line of a ledger"),
        (chain(line(1), line(0, "101.5")), "line 2: it is of 2024-10-04"),
        (chain(line(0), line(1)), "line 2: it opens with 100, and its run closed with 101.5"),
    ],
)
def test_damage_is_named_by_its_line(data: bytes, says: str) -> None:
    """D11: nothing is guessed from a chain that is broken; the next step is told."""
    with pytest.raises(UsageError, match="restore the file") as error:
        verify(data, "x")
    assert says in str(error.value)


def test_a_line_that_does_not_sum_is_refused() -> None:
    """capital_close = capital_open + pnl + cash_moved."""
    import msgspec

    odd = msgspec.structs.replace(line(0), capital_close=Decimal(90))
    with pytest.raises(UsageError, match="don't sum"):
        verify(chain(odd), "x")


def test_another_run_may_open_with_another_capital() -> None:
    """Cash was put in between, or an empty run began."""
    assert len(verify(chain(line(0), line(1, "500", run="r-2")), "x")) == 2


def test_appending_replaces_what_was_torn(tmp_path: Path) -> None:
    """After a torn line nothing could be read any more."""
    path = tmp_path / "a" / "ledger.jsonl"
    ledger = CapitalLedger(path)
    assert ledger.last is None
    ledger.append(line(0))
    with path.open("ab") as file:
        file.write(b'{"seq":2,"strat')
    again = CapitalLedger(path)
    again.append(line(1, "101.5"))
    assert [one.seq for one in read_ledger(path)] == [1, 2]
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_ledger_that_is_set_aside_keeps_its_lines(tmp_path: Path) -> None:
    """A new one begins at 1; setting aside nothing does nothing."""
    path = tmp_path / "ledger.jsonl"
    assert set_aside(path) is None
    CapitalLedger(path).append(line(0))
    kept = set_aside(path)
    assert kept is not None
    assert len(read_ledger(kept)) == 1
    assert read_ledger(path) == []


def test_times_and_amounts_are_exact() -> None:
    """To the nanosecond and to the last unit."""
    for ts in (0, 1_746_316_800_000_000_000, 1_746_316_800_123_456_789):
        assert ns_of(utc_text(ts)) == ts
    assert [str(amount_of(cash)) for cash in (0, 150_000_000, -1)] == ["0.00", "1.50", "-1E-8"]
