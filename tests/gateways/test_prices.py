"""Files of prices for `inject price`."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeworthy.core.errors import UsageError
from tradeworthy.gateways.prices import prices_of, read_prices
from tradeworthy.market.bars import PriceObserved

NOW = 1_746_316_800_000_000_000
GOOD = '{"instrument": "BTC", "price": 101.5}'


def written(folder: Path, *lines: str) -> Path:
    """A file of lines."""
    path = folder / "prices.jsonl"
    path.write_text("\n".join(lines))
    return path


def test_lines_become_events(tmp_path: Path) -> None:
    """Numbers or decimals as text, with a time or without; empty lines don't count."""
    path = written(
        tmp_path,
        GOOD,
        "",
        '{"instrument": "ETH", "price": "0.30", "ts": "2025-05-04T02:00:01.5+02:00"}',
        '{"instrument": "ETH", "price": 7, "ts": 1746316800000000001}',
        '{"instrument": "ETH", "price": 8, "ts": "2025-05-04"}',
    )
    assert prices_of(read_prices(path), NOW) == [
        PriceObserved("BTC", 101.5, NOW),
        PriceObserved("ETH", 0.3, NOW + 1_500_000_000),
        PriceObserved("ETH", 7.0, NOW + 1),
        PriceObserved("ETH", 8.0, NOW),
    ]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "no JSON object"),
        ("[1]", "no JSON object"),
        ("\x00", "no JSON object"),
        ('{"price": 1}', "instrument is None"),
        ('{"instrument": 5, "price": 1}', "instrument is 5"),
        ('{"instrument": "BTC"}', "price is None"),
        ('{"instrument": "BTC", "price": true}', "price is True"),
        ('{"instrument": "BTC", "price": "one"}', "price is 'one'"),
        ('{"instrument": "BTC", "price": -1}', "above 0"),
        ('{"instrument": "BTC", "price": 0}', "above 0"),
        ('{"instrument": "BTC", "price": "NaN"}', "above 0"),
        ('{"instrument": "BTC", "price": 1, "ts": "noon"}', "ts is 'noon'"),
        ('{"instrument": "BTC", "price": 1, "ts": -5}', "ts is -5"),
        ('{"instrument": "BTC", "price": 1, "ts": "0001-01-01"}', "ts is '0001-01-01'"),
        ('{"instrument": "BTC", "price": 1, "volume": 2}', "unknown field 'volume'"),
    ],
)
def test_a_wrong_line_is_named_by_its_number(tmp_path: Path, line: str, said: str) -> None:
    """One line of error for one line of file, and nothing of the file is taken."""
    path = written(tmp_path, GOOD, "", line, GOOD)
    with pytest.raises(UsageError) as error:
        read_prices(path)
    assert str(error.value).startswith(f"{path} line 3: ")
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_a_file_without_prices_is_refused(tmp_path: Path) -> None:
    """Absent, a folder, or empty."""
    with pytest.raises(UsageError, match="can't be read: No such file"):
        read_prices(tmp_path / "none")
    with pytest.raises(UsageError, match="can't be read: Is a directory"):
        read_prices(tmp_path)
    with pytest.raises(UsageError, match="has no price"):
        read_prices(written(tmp_path, ""))


@given(content=st.binary(max_size=200))
def test_any_bytes_are_prices_or_one_line(content: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No input ends in a traceback."""
    path = tmp_path_factory.mktemp("prices") / "prices.jsonl"
    path.write_bytes(content)
    with pytest.raises(UsageError):
        prices_of(read_prices(path), NOW)


def test_objects_that_come_over_the_socket_are_checked_too() -> None:
    """The session does not trust who sent them."""
    with pytest.raises(UsageError, match="price 2: price is None"):
        prices_of([{"instrument": "BTC", "price": 1}, {"instrument": "BTC"}], NOW)
