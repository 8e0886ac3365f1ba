"""Files of social signals for `inject social`."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeworthy.core.errors import UsageError
from tradeworthy.desks.uptrend.events import SocialSignal
from tradeworthy.gateways.social import read_signals, signals_of

NOW = 1_746_316_800_000_000_000
GOOD = '{"curator": "ann", "ticker": "$BONK"}'


def written(folder: Path, *lines: str) -> Path:
    """A file of lines."""
    path = folder / "signals.jsonl"
    path.write_text("\n".join(lines))
    return path


def test_a_line_becomes_a_signal_with_all_that_it_says(tmp_path: Path) -> None:
    """L2: cap, timeframe focus and time enter as they are told."""
    path = written(
        tmp_path,
        '{"signal": "s1", "curator": " ann ", "ticker": "BONK", "contract": "Dez1", "chain": "solana",'
        ' "ts": "2025-05-04T00:00:01Z", "intent": "research_positive", "confidence": 0.5, "timeframe": "1h",'
        ' "market_cap": 1000000, "volume_24h": 2.5, "liquidity_usd": 0, "age_days": 3, "source": "x", "url": "u"}',
    )
    assert signals_of(read_signals(path), NOW) == [
        SocialSignal(
            *(
                "s1",
                "ann",
                "BONK",
                NOW + 1_000_000_000,
                "Dez1",
                "solana",
                "research_positive",
                0.5,
                "contract",
            ),
            *("1h", 1e6, 2.5, 0.0, 3.0, "x", "u"),
        )
    ]


@pytest.mark.parametrize(
    ("line", "named_by"),
    [
        (GOOD, "cashtag"),
        ('{"curator": "ann", "ticker": "BONK"}', "ticker"),
        ('{"curator": "ann", "ticker": "$BONK", "contract": "Dez1"}', "contract"),
        ('{"curator": "ann", "ticker": "$BONK", "mapping_confidence": "ticker"}', "ticker"),
    ],
)
def test_how_the_token_was_named_is_seen_unless_it_is_told(tmp_path: Path, line: str, named_by: str) -> None:
    """A contract, a ticker with a $, or a bare one."""
    assert signals_of(read_signals(written(tmp_path, line)), NOW)[0].mapping_confidence == named_by


def test_the_same_line_has_the_same_id_at_any_time(tmp_path: Path) -> None:
    """L2: so that it is told as a repeat, in whatever order its fields stand."""
    first = signals_of(read_signals(written(tmp_path, GOOD)), NOW)[0]
    again = signals_of([{"ticker": "$BONK", "curator": "ann"}], NOW + 5)[0]
    other = signals_of([{"ticker": "$WIF", "curator": "ann"}], NOW)[0]
    assert first.signal == again.signal != other.signal
    assert (first.ts_event, again.ts_event) == (NOW, NOW + 5)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "no JSON object"),
        ("[1]", "no JSON object"),
        ('{"curator": "ann"}', "missing required field `ticker`"),
        ('{"ticker": "BONK"}', "missing required field `curator`"),
        ('{"curator": "ann", "ticker": " $"}', "ticker is empty"),
        ('{"curator": "", "ticker": "BONK"}', "curator is empty"),
        ('{"curator": 5, "ticker": "BONK"}', "Expected `str`, got `int`"),
        (
            '{"curator": "ann", "ticker": "BONK", "tikcer": "x"}',
            "unknown field 'tikcer'; did you mean 'ticker'?",
        ),
        ('{"curator": "ann", "ticker": "BONK", "zzz": 1}', "unknown field 'zzz'; there are curator, ticker"),
        ('{"curator": "ann", "ticker": "BONK", "market_cap": NaN}', "no JSON object"),
        ('{"curator": "ann", "ticker": "BONK", "market_cap": -1}', "market_cap is -1.0"),
        ('{"curator": "ann", "ticker": "BONK", "market_cap": "1"}', "got `str` - at `$.market_cap`"),
        ('{"curator": "ann", "ticker": "BONK", "confidence": 1.5}', "confidence is 1.5; it must be 0 to 1"),
        ('{"curator": "ann", "ticker": "BO\\u0000NK"}', "ticker is 'BO\\x00NK'; write up to 500 printable"),
        ('{"curator": "ann", "ticker": "BONK", "ts": "noon"}', "ts is 'noon'"),
        ('{"curator": "ann", "ticker": "BONK", "timeframe": "5m"}', "unknown timeframe '5m'"),
        ('{"curator": "ann", "ticker": "BONK", "intent": "new_discovry"}', "did you mean 'new_discovery'?"),
        ('{"curator": "ann", "ticker": "BONK", "mapping_confidence": "sure"}', "unknown mapping_confidence"),
    ],
)
def test_a_wrong_line_is_named_by_its_number(tmp_path: Path, line: str, said: str) -> None:
    """One line of error for one line of file, and nothing of the file is taken."""
    path = written(tmp_path, GOOD, "", line, GOOD)
    with pytest.raises(UsageError) as error:
        read_signals(path)
    assert str(error.value).startswith(f"{path} line 3: ")
    assert said in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("figure", [float("nan"), float("inf"), 10**400])
def test_objects_that_come_over_the_socket_are_checked_too(figure: float) -> None:
    """The session does not trust who sent them."""
    with pytest.raises(UsageError, match="signal 2: "):
        signals_of(
            [{"curator": "a", "ticker": "B"}, {"curator": "a", "ticker": "B", "market_cap": figure}], NOW
        )


@given(content=st.binary(max_size=200))
def test_any_bytes_are_signals_or_one_line(content: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No input ends in a traceback."""
    path = tmp_path_factory.mktemp("signals") / "signals.jsonl"
    path.write_bytes(content)
    with pytest.raises(UsageError):
        signals_of(read_signals(path), NOW)
