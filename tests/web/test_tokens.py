"""The file of tokens: digests alone, compared in constant time, and seen afresh."""

import hashlib
import hmac
import json
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tradeworthy.core.errors import NotAvailable, UsageError
from tradeworthy.web.entry.tokens import TOKENS_MAX, Scope, TokenFile


@pytest.fixture
def file(tmp_path: Path) -> TokenFile:
    """An empty one, in a home that is not there yet."""
    return TokenFile(tmp_path / "home" / "tokens.json")


def test_a_token_opens_what_it_was_made_for(file: TokenFile) -> None:
    """It has a name, a scope and 32 random bytes."""
    text = file.make("ann", Scope.READ)
    found = file.check(text)
    assert found is not None
    assert (found.name, found.scope) == ("ann", Scope.READ)
    assert text.startswith(f"tw_{found.id}_")
    assert len(text) == len("tw_12345678_") + 43
    assert found.made_at.endswith("Z")


def test_the_file_holds_digests_alone(file: TokenFile) -> None:
    """Who reads the file, a backup perhaps, can't sign in with it."""
    text = file.make("ann", Scope.OPERATE)
    content = file.path.read_text(encoding="utf-8")
    assert text not in content
    assert text.rpartition("_")[2] not in content
    (kept,) = json.loads(content)["tokens"]
    assert kept["sha256"] == hashlib.sha256(text.encode()).hexdigest()
    assert file.check(kept["sha256"]) is None
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        " ",
        "tw_",
        "tw__",
        "None",
        "x" * 100_000,
        "tw_\udcff",
        "tw_\x00",
        "é" * 50,
        "tw_12345678_" + "A" * 43,
    ],
)
def test_what_is_no_token_opens_nothing(file: TokenFile, wrong: str) -> None:
    """With tokens in the file, and without."""
    assert file.check(wrong) is None
    text = file.make("ann", Scope.OPERATE)
    for shown in (wrong, text[:-1], text + "A", text.upper(), f" {text}", text + "\n"):
        assert file.check(shown) is None


@pytest.mark.parametrize("place", [0, 3, 7, None])
def test_the_comparison_touches_every_entry(
    file: TokenFile, monkeypatch: pytest.MonkeyPatch, place: int | None
) -> None:
    """Wherever it matches, or nowhere: the time says nothing of the place."""
    made = [file.make(f"t{number}", Scope.READ) for number in range(8)]
    compared: list[str] = []
    real = hmac.compare_digest

    def noting(kept: str, shown: str) -> bool:
        compared.append(kept)
        return real(kept, shown)

    monkeypatch.setattr(hmac, "compare_digest", noting)
    found = file.check("tw_wrong" if place is None else made[place])
    assert (found.name if found else None) == (None if place is None else f"t{place}")
    assert compared == [token.sha256 for token in file.list()]


def test_revoking_is_heard_at_once_by_another_reader(file: TokenFile) -> None:
    """The server reads the file again when the command line has changed it."""
    text, other = file.make("ann", Scope.READ), file.make("ben", Scope.READ)
    server = TokenFile(file.path)
    ann = server.check(text)
    assert ann is not None
    assert server.holds(ann.id)
    assert file.revoke("ann").name == "ann"
    assert server.check(text) is None
    assert not server.holds(ann.id)
    assert server.check(other) is not None
    file.path.unlink()
    assert server.check(other) is None


def test_a_name_that_is_made_again_is_another_token(file: TokenFile) -> None:
    """The old token stays worth nothing."""
    old = file.make("ann", Scope.OPERATE)
    file.revoke("ann")
    new = file.make("ann", Scope.READ)
    assert file.check(old) is None
    found = file.check(new)
    assert found is not None
    assert found.scope is Scope.READ


@pytest.mark.parametrize("name", ["", " ", "a b", "-a", "a\n", "a" * 41, "é", "../x", "a\x00"])
def test_a_wrong_name_is_refused(file: TokenFile, name: str) -> None:
    """Names go on record and into tables."""
    with pytest.raises(UsageError, match="a token's name is 1 to 40 letters") as raised:
        file.make(name, Scope.READ)
    assert "\n" not in str(raised.value)
    assert file.list() == ()


def test_a_name_stands_once(file: TokenFile) -> None:
    """And what is not there can't be revoked."""
    file.make("ann", Scope.READ)
    with pytest.raises(UsageError, match="there is a token 'ann' already"):
        file.make("ann", Scope.OPERATE)
    with pytest.raises(NotAvailable, match="there is no token 'ben'; there is ann"):
        file.revoke("ben")


def test_two_who_make_tokens_at_once_lose_none(file: TokenFile) -> None:
    """Each has a file object of its own, as two processes have."""
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda number: TokenFile(file.path).make(f"t{number}", Scope.READ), range(24)))
    assert len(file.list()) == 24
    assert all(file.check(text) for text in made)
    assert [path.name for path in file.path.parent.iterdir()] == ["tokens.json"]


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"\xff", b'{"tokens": [{"id": 1}]}', b'{"tokens": [{"scope": "root"}]}']
)
def test_a_garbled_file_lets_nobody_in_and_is_not_overwritten(file: TokenFile, content: bytes) -> None:
    """A11: one line says what to do."""
    text = file.make("ann", Scope.READ)
    file.path.write_bytes(content)
    with pytest.raises(UsageError, match="is no file of tokens"):
        file.check(text)
    with pytest.raises(UsageError, match="is no file of tokens"):
        file.make("ben", Scope.READ)
    assert file.path.read_bytes() == content


def test_a_file_that_others_may_read_is_refused(file: TokenFile) -> None:
    """Somebody has changed it by hand."""
    file.make("ann", Scope.READ)
    file.path.chmod(0o644)
    with pytest.raises(UsageError, match=r"open to others \(mode 0644\)"):
        file.list()


def test_a_home_that_cannot_be_used_is_one_line(tmp_path: Path) -> None:
    """It is a file, or the place of the tokens is a folder."""
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="can't use the home folder"):
        TokenFile(tmp_path / "file" / "tokens.json").make("ann", Scope.READ)
    (tmp_path / "tokens.json").mkdir()
    with pytest.raises(UsageError, match="can't read the tokens"):
        TokenFile(tmp_path / "tokens.json").make("ann", Scope.READ)


def test_there_are_only_so_many(file: TokenFile) -> None:
    """Every request is compared with all of them."""
    file.make("ann", Scope.READ)
    (one,) = json.loads(file.path.read_text(encoding="utf-8"))["tokens"]
    many = [one | {"name": f"t{number}"} for number in range(TOKENS_MAX)]
    file.path.write_text(json.dumps({"tokens": many}), encoding="utf-8")
    with pytest.raises(UsageError, match="the most there may be"):
        file.make("ben", Scope.READ)


def test_operate_includes_read() -> None:
    """And not the other way round."""
    assert Scope.OPERATE.covers(Scope.READ)
    assert Scope.OPERATE.covers(Scope.OPERATE)
    assert Scope.READ.covers(Scope.READ)
    assert not Scope.READ.covers(Scope.OPERATE)


def test_a_change_within_one_tick_of_the_clock_is_seen(file: TokenFile) -> None:
    """The time of the last change alone would not tell."""
    text = file.make("ann", Scope.READ)
    about = file.path.stat()
    other = TokenFile(file.path)
    other.revoke("ann")
    other.make("bob", Scope.READ)
    os.utime(file.path, ns=(about.st_atime_ns, about.st_mtime_ns))
    assert file.check(text) is None
