"""Log lines: one line an event, whatever is in it."""

import pytest

from tradeworthy.cli.logs import LINES, line_of

EVENT = {"timestamp": "2026-11-21T12:13:47Z", "level": "info", "event": "session_started"}


def test_a_line_has_time_level_event_and_pairs() -> None:
    """The event's name is bare, so that people and grep find it."""
    line = line_of({**EVENT, "agent_count": 10})
    assert line == "2026-11-21T12:13:47Z [info     ] session_started agent_count=10"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("two words", "'two words'"),
        ("", "''"),
        ("a\nb", r"'a\nb'"),
        ("a=b", "'a=b'"),
        (1.5, "1.5"),
        (None, "None"),
    ],
)
def test_a_value_that_is_no_word_is_quoted(value: object, text: str) -> None:
    """A traceback in a value stays within its line."""
    assert line_of({**EVENT, "value": value}).endswith(f" value={text}")


def test_only_a_terminal_gets_colours() -> None:
    """Files and pipes get plain text."""
    assert "\x1b" not in line_of(dict(EVENT))
    assert "\x1b" in line_of(dict(EVENT), colours=True)


def test_a_screen_takes_the_lines_while_it_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """Lines go through the screen, and to standard error again when it is gone."""
    taken: list[str] = []
    with LINES.through(taken.append):
        LINES.info("one")
    LINES.info("two")
    assert taken == ["one"]
    assert capsys.readouterr().err == "two\n"
