"""`inject state`: what a file is of, so that what is wrong with it is said in its own words."""

from pathlib import Path

import pytest

from tradeworthy.core.errors import UsageError
from tradeworthy.gateways.injected_states import read_injected


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"instrument": "SOLX", "state": "S1"}', "missing required field `timeframe`"),
        ('{"instrument": "SOLX", "timeframe": "1h"}', "missing required field `state`"),
        ('{"instrument": "SOLX", "status": "pausd"}', "unknown status 'pausd'; did you mean 'paused'?"),
        ('{"event": "Nope"}', "event is 'Nope'; give one of MarketClosed"),
    ],
)
def test_a_line_is_judged_as_what_it_is_meant_to_be(tmp_path: Path, line: str, said: str) -> None:
    """A11: a row's state without its timeframe is no fact of a market."""
    file = tmp_path / "states.jsonl"
    file.write_text(line)
    with pytest.raises(UsageError, match=said):
        read_injected(file)


def test_a_file_has_the_kind_of_its_first_line(tmp_path: Path) -> None:
    """L16: rows that are brought back."""
    file = tmp_path / "states.jsonl"
    file.write_text('\n{"instrument": "SOLX", "status": "back"}\n')
    assert read_injected(file) == ("row", [{"instrument": "SOLX", "status": "back"}])
