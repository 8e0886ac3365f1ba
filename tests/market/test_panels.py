"""Panels: when a row closes, what its mask says, and what happens to bars that come late."""

import pytest

from tests.market.session import Session, reborn
from tradeworthy.core.errors import UsageError
from tradeworthy.core.events import Event, Resumed
from tradeworthy.market.bars import BarClosed, FeedGap
from tradeworthy.market.panels import Panel, PanelClosed, Universe

MINUTE = 60_000_000_000
SECOND = 1_000_000_000
START = 1_000 * MINUTE
UNIVERSE = Universe("majors", "1m", ("A", "B", "C"), 10 * SECOND)


class Row:
    """A panel of three instruments in a session."""

    def __init__(self, universe: Universe = UNIVERSE) -> None:
        self.panel = Panel(universe)
        self.session = Session(self.panel)

    def bar(self, instrument: str, minute: int, price: float = 1.0, after_s: int = 0) -> list[Event]:
        """A bar that opened at `minute`, admitted `after_s` seconds after its close."""
        opened = START + minute * MINUTE
        bar = BarClosed(instrument, "1m", opened, price, price + 2, price - 0.5, price + 1, price * 10)
        return self.session.admit(bar, opened + MINUTE + after_s * SECOND)


@pytest.fixture
def row() -> Row:
    """A fresh one."""
    return Row()


def closed(made: list[Event]) -> list[tuple[int, tuple[bool, ...]]]:
    """Minute and mask of the panels among `made`."""
    return [((one.ts_event - START) // MINUTE, one.mask) for one in made if isinstance(one, PanelClosed)]


def test_the_last_bar_closes_the_row_in_the_order_of_the_universe(row: Row) -> None:
    """Columns follow the universe, not the order in which bars came."""
    assert row.bar("C", 0, 3.0) == row.bar("A", 0, 1.0) == []
    assert row.bar("B", 0, 2.0) == [
        PanelClosed(
            "majors",
            "1m",
            START,
            (True, True, True),
            (1.0, 2.0, 3.0),
            (3.0, 4.0, 5.0),
            (0.5, 1.5, 2.5),
            (2.0, 3.0, 4.0),
            (10.0, 20.0, 30.0),
        )
    ]
    assert row.session.advance(START + 5 * MINUTE) == []


def test_the_grace_timer_closes_a_row_with_a_mask(row: Row) -> None:
    """A missing bar is masked and its figures are 0.0, never a number that could be taken for a price."""
    row.bar("A", 0)
    row.bar("C", 0, after_s=3)
    assert row.session.advance(START + MINUTE + 10 * SECOND - 1) == []
    (panel,) = row.session.advance(START + MINUTE + 10 * SECOND)
    assert isinstance(panel, PanelClosed)
    assert panel.mask == (True, False, True)
    assert panel.close[1] == panel.volume[1] == 0.0


def test_a_late_bar_is_a_labelled_gap_and_changes_no_row(row: Row) -> None:
    """The row was decided on already; the bar is named instead."""
    row.bar("A", 0)
    made = row.bar("B", 0, after_s=11)
    assert closed(made) == [(0, (True, False, False))]
    assert made[1:] == [FeedGap("panel-majors", "B", START, START + MINUTE, "late_bar")]


def test_a_repeated_bar_is_a_labelled_gap(row: Row) -> None:
    """The first one counts."""
    row.bar("A", 0, 1.0)
    assert row.bar("A", 0, 9.0) == [FeedGap("panel-majors", "A", START, START + MINUTE, "repeated_bar")]
    row.bar("B", 0)
    (panel,) = row.bar("C", 0)
    assert isinstance(panel, PanelClosed)
    assert panel.open[0] == 1.0


def test_a_full_row_closes_the_open_ones_before_it() -> None:
    """Rows close in order of time, even if grace is longer than a bar."""
    patient = Row(Universe("majors", "1m", ("A", "B"), 10 * MINUTE))
    patient.bar("A", 0)
    patient.bar("B", 1)
    made = patient.bar("A", 1)
    assert closed(made) == [(0, (True, False)), (1, (True, True))]


def test_each_open_row_has_its_own_grace() -> None:
    """After the oldest row closed by its timer, the next one's timer stands."""
    patient = Row(Universe("majors", "1m", ("A", "B"), 90 * SECOND))
    patient.bar("A", 0)
    patient.bar("A", 1)
    assert closed(patient.session.advance(START + MINUTE + 90 * SECOND)) == [(0, (True, False))]
    assert closed(patient.session.advance(START + 2 * MINUTE + 90 * SECOND)) == [(1, (True, False))]
    assert patient.panel.state.rows == {}


def test_minutes_without_any_bar_are_one_labelled_gap(row: Row) -> None:
    """No row is made up for them."""
    for name in ("A", "B", "C"):
        row.bar(name, 0)
    row.bar("A", 4)
    row.bar("B", 4)
    gap, panel = row.bar("C", 4)
    assert gap == FeedGap("panel-majors", "", START + MINUTE, START + 4 * MINUTE, "no_bars")
    assert closed([panel]) == [(4, (True, True, True))]


def test_other_timeframes_and_instruments_are_not_of_the_panel(row: Row) -> None:
    """They leave no trace."""
    assert row.bar("Z", 0) == []
    assert row.session.admit(BarClosed("A", "5m", START, 1.0, 1.0, 1.0, 1.0, 1.0)) == []
    assert row.panel.state.rows == {}


def test_a_row_cut_off_by_a_dead_process_still_closes(row: Row) -> None:
    """The grace timer is allowed to be late: the row that waited comes masked after the restart."""
    row.bar("A", 0)
    row.panel.state = reborn(row.panel.state)
    row.session.sequencer.load(row.session.sequencer.dump())
    made = row.session.admit(Resumed(30 * MINUTE), START + 31 * MINUTE)
    made += row.session.advance(START + 31 * MINUTE)
    assert closed(made) == [(0, (True, False, False))]


def test_memory_is_flat_in_run_length(row: Row) -> None:
    """Closed rows are forgotten."""
    for minute in range(200):
        for name in ("A", "B"):
            row.bar(name, minute)
    row.session.advance(START + 300 * MINUTE)
    assert row.panel.state.rows == {}
    assert row.panel.state.closed_ts == START + 199 * MINUTE


@pytest.mark.parametrize(
    ("universe", "fault"),
    [
        (Universe("u", "7m", ("A",), 0), "universe 'u' has timeframe '7m': choose one of 1m"),
        (Universe("u", "1m", (), 0), "universe 'u' has no instruments or one twice"),
        (Universe("u", "1m", ("A", "A"), 0), "universe 'u' has no instruments or one twice"),
        (Universe("u", "1m", ("A",), -1), "universe 'u' has a grace of -1 ns"),
    ],
)
def test_a_universe_that_can_not_be_is_refused(universe: Universe, fault: str) -> None:
    """One line says what to change."""
    with pytest.raises(UsageError, match=fault):
        Panel(universe)
