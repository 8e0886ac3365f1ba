"""What an address asks for is what is shown and downloaded; what makes no sense is refused with a reason."""

from datetime import UTC, date, datetime

import pytest

from tradeworthy.core.errors import UsageError
from tradeworthy.web.pages.trades.filters import TradeFilter, filter_of


def test_days_are_whole_utc_days_with_both_ends() -> None:
    """From the first day's midnight to the last day's last microsecond."""
    wanted = filter_of({"since": "2026-05-01", "until": "2026-05-02", "status": "closed", "kind": "exit"})
    assert wanted == TradeFilter("", "closed", "exit", date(2026, 5, 1), date(2026, 5, 2))
    asked = wanted.asked()
    assert asked["since"] == datetime(2026, 5, 1, tzinfo=UTC)
    assert asked["until"] == datetime(2026, 5, 2, 23, 59, 59, 999_999, tzinfo=UTC)


def test_the_last_day_that_there_is_can_be_asked_for() -> None:
    """No day after it is needed."""
    assert filter_of({"until": "9999-12-31"}).asked()["until"] == datetime.max.replace(tzinfo=UTC)


def test_a_filter_survives_the_address() -> None:
    """What the page writes into the link of the download is read back as it was."""
    wanted = TradeFilter("oracle-sniper", "open", "oracle_lag", date(2026, 5, 1), None)
    assert filter_of(wanted.query()) == wanted
    assert filter_of({}) == TradeFilter()


@pytest.mark.parametrize(
    ("query", "said"),
    [({"status": "lost"}, "status 'lost' is none of open"), ({"since": "may"}, "since 'may' is no day")],
)
def test_what_makes_no_sense_is_refused(query: dict[str, str], said: str) -> None:
    """With the value and what would be right."""
    with pytest.raises(UsageError, match=said):
        filter_of(query)
