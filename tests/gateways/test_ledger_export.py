"""The ledger's days from a journal's packets."""

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from tradeworthy.core.errors import UsageError
from tradeworthy.core.events import Event, SessionEnded, TimeAdvanced
from tradeworthy.core.packets import Packet
from tradeworthy.execution.accounting import CashMoved, Opened, TradeClosed, TradeReversed
from tradeworthy.gateways.capital_ledger import CapitalLedger
from tradeworthy.gateways.ledger_export import Account, LedgerExport
from tradeworthy.market.instruments import CASH_UNIT, Side

DAY = 86_400_000_000_000
SECOND = 1_000_000_000
BEGIN = 20_000 * DAY
HALF = 500_000


def account(run: str = "r-1") -> Account:
    """A desk with half of the cash, whose rows wait a second."""
    return Account("blue", HALF, "blue", SECOND, run, "engine", "config")


def export(folder: Path, run: str = "r-1") -> LedgerExport:
    """An export into `folder`."""
    return LedgerExport(account(run), CapitalLedger(folder / "ledger.jsonl"))


def closed(pnl: int, desk: str = "blue") -> TradeClosed:
    """A trade that made so many whole units."""
    money = (1_000 * CASH_UNIT, 1_000 * CASH_UNIT, 0, pnl * CASH_UNIT)
    return TradeClosed(desk, "p", "BTC", Side.SELL, 1, *money, BEGIN, BEGIN, "MAX_HOLD", 1)


def reversed_(pnl: int) -> TradeReversed:
    """That trade, void."""
    return TradeReversed("blue", "p", "BTC", Side.SELL, 1, 0, pnl * CASH_UNIT, BEGIN, 1, BEGIN, "failed")


def tell(to: LedgerExport, *told: tuple[int, Event]) -> list[tuple[str, str, int]]:
    """Date, close and trades of the lines that (time after BEGIN, event) pairs make."""
    return [
        (line.date, str(line.capital_close), line.trades)
        for seq, (ts, event) in enumerate(told, 1)
        for line in to.take(Packet(seq, seq, 0, BEGIN + ts, "x", event))
    ]


CASH = (0, CashMoved(200 * CASH_UNIT, "initial"))
IDLE = TimeAdvanced()


def test_each_day_has_a_line_also_without_trades(tmp_path: Path) -> None:
    """D11: capital compounds the desk's own trades, from its share of the cash."""
    to = export(tmp_path)
    made = tell(to, CASH, (5, closed(3)), (6, closed(9, "other")), (3 * DAY + 2 * SECOND, IDLE))
    assert made == [("2024-10-04", "103.00", 1), ("2024-10-05", "103.00", 0), ("2024-10-06", "103.00", 0)]
    first, second, _ = to.ledger.lines
    assert (str(first.capital_open), str(first.pnl)) == ("100.00", "3.00")
    assert (str(second.capital_open), second.ts) == ("103.00", "2024-10-06T00:00:00Z")


def test_the_row_that_closes_at_midnight_belongs_to_the_day_that_ends(tmp_path: Path) -> None:
    """As in every other log, though its grace may be over only a second later."""
    made = tell(export(tmp_path), CASH, (DAY + SECOND, closed(3)), (DAY + SECOND + 1, closed(2)))
    assert made == [("2024-10-04", "103.00", 1)]


def test_an_end_at_midnight_is_a_whole_day_and_one_before_a_part(tmp_path: Path) -> None:
    """What is left of the day is another run's."""
    whole, part = export(tmp_path / "whole"), export(tmp_path / "part")
    assert tell(whole, CASH, (DAY, SessionEnded())) == [("2024-10-04", "100.00", 0)]
    assert tell(part, CASH, (DAY // 2, SessionEnded())) == [("2024-10-04", "100.00", 0)]
    assert part.ledger.lines[0].ts == "2024-10-04T12:00:00Z"
    rest = export(tmp_path / "part", "r-2")
    opened = Opened("ledger", 200 * CASH_UNIT, (), capitals={"blue": 77 * CASH_UNIT})
    assert tell(rest, (DAY // 2, opened), (DAY, SessionEnded())) == [("2024-10-04", "77.00", 0)]


def test_a_recorded_date_run_again_changes_nothing(tmp_path: Path) -> None:
    """D11: no double count; a date that is not recorded yet follows."""
    tell(export(tmp_path), CASH, (5, closed(3)), (DAY, SessionEnded()))
    again = export(tmp_path, "r-2")
    assert tell(again, CASH, (5, closed(4)), (2 * DAY, SessionEnded())) == [("2024-10-05", "104.00", 0)]
    assert [line.run for line in again.ledger.lines] == ["r-1", "r-2"]


def test_a_journal_that_contradicts_its_own_line_is_one_error(tmp_path: Path) -> None:
    """D11: two sources with one day and different capital stop, both named."""
    tell(export(tmp_path), CASH, (5, closed(3)), (DAY + 2 * SECOND, IDLE))
    same, other = export(tmp_path), export(tmp_path)
    same.checks = other.checks = True
    assert tell(same, CASH, (5, closed(3)), (DAY + 2 * SECOND, IDLE)) == []
    with pytest.raises(UsageError, match=r"run r-1 closes 2024-10-04 with 104.00, and ledger .* with 103.00"):
        tell(other, CASH, (5, closed(4)), (DAY + 2 * SECOND, IDLE))


def test_later_cash_is_no_profit_and_a_void_trade_none_either(tmp_path: Path) -> None:
    """The line's sum holds."""
    to = export(tmp_path)
    later = CashMoved(10 * CASH_UNIT, "more")
    tell(to, CASH, (1, closed(3)), (2, later), (3, reversed_(3)), (DAY, SessionEnded()))
    (line,) = to.ledger.lines
    assert [str(one) for one in (line.pnl, line.cash_moved, line.capital_close)] == ["0.00", "5.00", "105.00"]
    assert line.trades == 0


def test_days_wait_while_the_disk_refuses(tmp_path: Path) -> None:
    """D11: told once; what waits is written in its order as soon as it can be."""
    (tmp_path / "ledger").touch()
    to = LedgerExport(account(), CapitalLedger(tmp_path / "new" / "ledger.jsonl"))
    (tmp_path / "new").touch()
    with capture_logs() as said:
        assert tell(to, CASH, (2 * DAY + 2 * SECOND, IDLE)) == []
        (tmp_path / "new").unlink()
        made = tell(to, (3 * DAY + 2 * SECOND, IDLE))
    assert [date for date, _, _ in made] == ["2024-10-04", "2024-10-05", "2024-10-06"]
    assert [one["event"] for one in said] == ["ledger_late", "ledger_written"]
