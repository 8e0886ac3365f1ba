"""The halt latch: set, read and released with nothing but a folder."""

import json
from pathlib import Path

import pytest

from tradeworthy.core.errors import AllHalted, UsageError
from tradeworthy.gateways.latch import BYTES_MAX, LATCH_NAME, Latch, LatchFile


@pytest.fixture
def latch(home: Path) -> LatchFile:
    """The latch of an empty home folder."""
    return LatchFile(home)


def test_a_home_without_the_file_is_not_halted(latch: LatchFile) -> None:
    """No file, no halt; not even a home folder is needed to know."""
    assert not latch.is_set()
    assert latch.read() is None
    assert LatchFile(latch.path.parent / "never_made").read() is None


def test_a_halt_says_who_why_and_when(latch: LatchFile) -> None:
    """The file is plain JSON that a person can read, and nothing else is left in the folder."""
    assert latch.set("anna", "venue is odd", 17) == Latch("anna", "venue is odd", 17)
    assert json.loads(latch.path.read_text()) == {"by": "anna", "reason": "venue is odd", "at": 17}
    assert LatchFile(latch.path.parent).read() == Latch("anna", "venue is odd", 17)
    assert [path.name for path in latch.path.parent.iterdir()] == [LATCH_NAME]


def test_a_halt_makes_the_home_folder_that_it_needs(tmp_path: Path) -> None:
    """Halting works before anything was ever started."""
    latch = LatchFile(tmp_path / "new" / "home")
    latch.set("anna", "first day", 1)
    assert latch.is_set()


def test_the_first_halt_stays(latch: LatchFile) -> None:
    """A second halt does not hide who halted first."""
    latch.set("anna", "venue is odd", 17)
    assert latch.set("ben", "me too", 18) == Latch("anna", "venue is odd", 17)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"\xff\xfe", b'{"by": 1, "reason": "", "at": 2}', b"{}", b" " * (BYTES_MAX + 1)],
    ids=["empty", "cut", "list", "bytes", "types", "fields", "long"],
)
def test_a_garbled_latch_counts_as_halted(latch: LatchFile, content: bytes) -> None:
    """Whatever is in the file, its presence halts, and it says what is wrong."""
    latch.path.write_bytes(content)
    held = latch.read()
    assert latch.is_set()
    assert held is not None
    assert held.by == "unknown"
    assert "can't be read" in held.reason


@pytest.mark.parametrize("kind", ["folder", "dangling link", "home is a file"])
def test_what_can_not_be_read_counts_as_halted(tmp_path: Path, kind: str) -> None:
    """A folder or a link in its place, or a home that is no folder, is a doubt, and a doubt halts."""
    home = tmp_path / "home"
    if kind == "home is a file":
        home.write_text("")
    else:
        home.mkdir()
        path = home / LATCH_NAME
        path.mkdir() if kind == "folder" else path.symlink_to(home / "nowhere")
    latch = LatchFile(home)
    assert latch.is_set()
    assert latch.read() is not None


def test_a_halt_over_a_garbled_latch_makes_it_readable(latch: LatchFile) -> None:
    """`touch halt.latch` halts, and a later halt adds its name and reason."""
    latch.path.touch()
    assert latch.set("anna", "venue is odd", 17) == Latch("anna", "venue is odd", 17)
    assert latch.read() == Latch("anna", "venue is odd", 17)


@pytest.mark.parametrize(("by", "reason"), [("", "fixed"), ("anna", ""), ("  ", "fixed"), ("anna", "\t\n")])
def test_a_release_needs_a_name_and_a_reason(latch: LatchFile, by: str, reason: str) -> None:
    """Without both the latch stays, and one line says what to give."""
    latch.set("anna", "venue is odd", 17)
    with pytest.raises(UsageError, match=r"^resume needs a name and a reason: give --"):
        latch.release(by, reason)
    assert latch.is_set()


def test_a_release_takes_the_latch_away(latch: LatchFile) -> None:
    """It answers what it released; a second release finds nothing and is no error."""
    latch.set("anna", "venue is odd", 17)
    assert latch.release("ben", "venue is back") == Latch("anna", "venue is odd", 17)
    assert not latch.is_set()
    assert latch.release("ben", "venue is back") is None


def test_a_garbled_latch_can_be_released(latch: LatchFile) -> None:
    """A person who gives name and reason gets out of a file that says nothing."""
    latch.path.write_bytes(b"{")
    assert latch.release("ben", "it was me") is not None
    assert not latch.is_set()


def test_a_halt_that_can_not_be_written_says_what_to_do(tmp_path: Path) -> None:
    """A file where the home folder should be: one line, with the next step (A11)."""
    home = tmp_path / "home"
    home.write_text("")
    with pytest.raises(AllHalted, match=r"can't be written .*: stop the session"):
        LatchFile(home).set("anna", "venue is odd", 17)


def test_a_release_that_fails_says_that_it_is_still_halted(latch: LatchFile) -> None:
    """What can't be removed still halts, and the error says so."""
    latch.path.mkdir()
    with pytest.raises(UsageError, match="still halted"):
        latch.release("ben", "gone?")
