"""The verbs token new, list and revoke."""

import stat
from pathlib import Path

import pytest

from tests.cli.command_line import call
from tradeworthy.web.entry.tokens import Scope, TokenFile


def test_a_token_is_printed_once_and_kept_nowhere(home: Path) -> None:
    """Standard output is the token alone, so that a script can take it."""
    said = call("token", "new", "ann", "--scope", "operate")
    assert said.code == 0
    (text,) = said.lines
    assert "shown this once" in said.err
    found = TokenFile(home / "tokens.json").check(text)
    assert found is not None
    assert (found.name, found.scope) == ("ann", Scope.OPERATE)
    kept = b"".join(path.read_bytes() for path in home.iterdir())
    assert text.encode() not in kept
    assert stat.S_IMODE((home / "tokens.json").stat().st_mode) == 0o600
    assert text not in call("token", "list", "--json").out


def test_a_token_comes_as_json(home: Path) -> None:
    """One document with name, scope and token."""
    said = call("token", "new", "ann", "--scope", "read", "--json")
    assert said.json["name"] == "ann"
    assert said.json["scope"] == "read"
    assert TokenFile(home / "tokens.json").check(said.json["token"]) is not None
    assert said.err == ""


def test_the_list_has_names_scopes_and_ages(home: Path) -> None:
    """And says how to make one where there is none."""
    assert "there is no token yet" in call("token", "list").out
    assert call("token", "list", "--json").json == []
    call("token", "new", "ann", "--scope", "read")
    call("token", "new", "ben", "--scope", "operate")
    assert [line.split()[:2] for line in call("token", "list").lines] == [["ann", "read"], ["ben", "operate"]]
    assert [one["name"] for one in call("token", "list", "--json").json] == ["ann", "ben"]
    assert set(call("token", "list", "--json").json[0]) == {"name", "scope", "made_at", "id"}


def test_a_revoked_token_opens_nothing(home: Path) -> None:
    """A second time there is none of that name: exit 3."""
    text = call("token", "new", "ann", "--scope", "read").out.strip()
    assert call("token", "revoke", "ann").out == "ann may not come in any more\n"
    assert TokenFile(home / "tokens.json").check(text) is None
    said = call("token", "revoke", "ann")
    assert (said.code, said.err) == (3, "error: there is no token 'ann'; there is none\n")
    call("token", "new", "ben", "--scope", "operate")
    assert call("token", "revoke", "ben", "--json").json == {"revoked": "ben", "scope": "operate"}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (
            ("new", "ann", "--scope", "admin"),
            "there is no scope 'admin': give --scope read or --scope operate",
        ),
        (("new", "ann", "--scope", ""), "there is no scope ''"),
        (("new", "ann"), "Missing option '--scope'"),
        (("new", "--scope", "read"), "Missing argument 'NAME'"),
        (("new", "", "--scope", "read"), "a token's name is 1 to 40 letters"),
        (("new", "a b", "--scope", "read"), "a token's name is 1 to 40 letters"),
        (("new", "here", "--scope", "read"), "there is a token 'here' already"),
        (("revoke",), "Missing argument 'NAME'"),
    ],
)
def test_what_is_wrong_is_one_line(home: Path, words: tuple[str, ...], says: str) -> None:
    """A11: exit 2, and no token is made."""
    call("token", "new", "here", "--scope", "read")
    said = call("token", *words)
    assert (said.code, said.out, said.err.count("\n")) == (2, "", 1)
    assert says in said.err
    assert [one["name"] for one in call("token", "list", "--json").json] == ["here"]


def test_a_home_that_can_not_be_written_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A11: it is a file, or lies where nothing can be made."""
    (tmp_path / "file").touch()
    for place in (tmp_path / "file", Path("/proc/tradeworthy")):
        monkeypatch.setenv("TRADEWORTHY_HOME", str(place))
        said = call("token", "new", "ann", "--scope", "read")
        assert (said.code, said.out, said.err.count("\n")) == (2, "", 1)
        assert "home folder" in said.err
