"""How two lists of trades are compared: a benchmark of unequal trades would prove nothing."""

from msgspec.structs import replace

from benchmarks.trades import Trade, compare

FIRST = Trade("A", "buy", 5, 100, 200, 1_000, 1_010, 4_200)
SECOND = Trade("B", "buy", 5, 100, 200, 900, 905, -70)


def test_equal_lists_agree_in_any_order_of_one_moment() -> None:
    """Trades that end at one time are compared by instrument."""
    agreement = compare([FIRST, SECOND], [SECOND, FIRST])
    assert (agreement.difference, agreement.trades, agreement.pnl_apart) == ("", 2, 0)


def test_a_profit_may_differ_by_one_unit_of_cash() -> None:
    """The gap of 1e-8 is allowed, and told."""
    agreement = compare([FIRST], [replace(FIRST, pnl=FIRST.pnl + 1)])
    assert (agreement.difference, agreement.pnl_apart) == ("", 1)


def test_a_larger_gap_is_a_difference() -> None:
    """Two units are not."""
    assert "pnl: 4200 against 4202" in compare([FIRST], [replace(FIRST, pnl=FIRST.pnl + 2)]).difference


def test_the_first_differing_field_is_named() -> None:
    """Trade and field, so that the cause can be looked for."""
    difference = compare([FIRST, SECOND], [FIRST, replace(SECOND, exit_ticks=906)]).difference
    assert difference.startswith("trade 1, exit_ticks: 905 against 906")


def test_a_missing_trade_is_a_difference() -> None:
    """Equal beginnings are not equal lists."""
    assert compare([FIRST, SECOND], [FIRST]).difference.startswith("2 trades against 1")


def test_nothing_against_nothing_is_no_agreement() -> None:
    """Two sides that never traded prove nothing."""
    assert compare([], []).difference
