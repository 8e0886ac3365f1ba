"""A desk's file: one Python file with one Desk in it, or a line that says what is wrong (A11)."""

from pathlib import Path

import msgspec
import pytest

from tests.runtime.rig import TOLD, configured, desk
from tradeworthy.core.errors import UsageError
from tradeworthy.execution.desk import Desk
from tradeworthy.runtime.desk_files import load_desk
from tradeworthy.runtime.desks import make_desk

DESK = """
from __future__ import annotations
from tradeworthy import Desk, State

class Seen(State):
    {field}: int = 0

class Small(Desk):
    class Memory(State):
        seen: dict[str, Seen] = {{}}
"""


def written(folder: Path, text: str, name: str = "desk.py") -> Path:
    """A desk's file with `text`."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def refusal(path: Path) -> str:
    """What is said of the file at `path`."""
    with pytest.raises(UsageError) as refused:
        load_desk(path)
    text = str(refused.value)
    assert "\n" not in text
    assert str(path) in text
    return text.replace(str(path), "FILE")


def test_the_one_desk_of_a_file_is_found() -> None:
    """What it imports or derives from does not count."""
    found = load_desk(TOLD)
    assert issubclass(found, Desk)
    assert found.__name__ == "Told"


def test_two_files_of_one_name_do_not_share_their_types(tmp_path: Path) -> None:
    """Msgspec looks up the types of a state by its module: each file is a module of its own."""
    kinds = [load_desk(written(tmp_path / field, DESK.format(field=field))) for field in ("first", "second")]
    for kind, field in zip(kinds, ("first", "second"), strict=True):
        kept = msgspec.msgpack.encode({"seen": {"BTC": {field: 3}}})
        memory = msgspec.msgpack.decode(kept, type=kind.Memory)
        assert getattr(memory.seen["BTC"], field) == 3  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "x = 1\nclass Desk:\n    x =\n",
            "desk file FILE can't be loaded: SyntaxError in line 3: invalid syntax",
        ),
        (
            "\nimport nowhere",
            "desk file FILE can't be loaded: ModuleNotFoundError in line 2: No module named",
        ),
        ("x = 1\nx = {}['a']", "desk file FILE can't be loaded: KeyError in line 2: 'a'; correct it"),
        ("x = 1 / 0", "desk file FILE can't be loaded: ZeroDivisionError in line 1: division by zero"),
        ("from tradeworthy import Dessk", "desk file FILE can't be loaded: ImportError in line 1: "),
        ("x = 1", "desk file FILE must define one Desk, it defines none"),
        ("from tradeworthy import Desk", "desk file FILE must define one Desk, it defines none"),
        (
            "from tradeworthy import Desk\nclass A(Desk): ...\nclass B(Desk): ...",
            "desk file FILE must define one Desk, it defines A, B",
        ),
    ],
)
def test_a_file_without_one_desk_is_refused_in_one_line(tmp_path: Path, text: str, said: str) -> None:
    """Which file, what, and where in it."""
    assert refusal(written(tmp_path, text)).startswith(said)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """A wrong path, or a folder."""
    for path in (tmp_path / "desk.py", tmp_path):
        assert refusal(path) == "there is no desk file FILE; give its path relative to the configuration"


def test_a_desks_settings_are_judged_by_its_own_class() -> None:
    """An unknown key is an error with the nearest name, as in the rest of the file."""
    with pytest.raises(UsageError, match=r"desk told, told\.py: unknown key hate; did you mean hates\?"):
        make_desk(configured(desk(hate=3.0)).desks[0])
    with pytest.raises(UsageError, match=r"notional: Input should be a valid number.*given: 'much'"):
        make_desk(configured(desk(notional="much")).desks[0])


def test_a_desk_that_can_not_be_made_is_refused(tmp_path: Path) -> None:
    """A constructor with other arguments is the author's mistake, and is said as one."""
    text = "from tradeworthy import Desk\nclass A(Desk):\n    def __init__(self): ...\n"
    with pytest.raises(UsageError, match=r"desk told can't be made: .*leave out __init__"):
        make_desk(configured(desk(file=str(written(tmp_path, text)))).desks[0])
