"""Two configurations held against each other."""

from pathlib import Path

import pytest

from tests.cli.command_line import call
from tradeworthy.core.errors import UsageError
from tradeworthy.proving.audit import ALLOWED, audit

CONFIGS = Path(__file__).parents[2] / "configs"
BLUE, GREEN = CONFIGS / "blue.toml", CONFIGS / "green.toml"


def changed(tmp_path: Path, *changes: tuple[str, str]) -> Path:
    """green.toml with some lines changed."""
    text = GREEN.read_text(encoding="utf-8")
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    path = tmp_path / "changed.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("a", "b"), [("blue.toml", "green.toml"), ("blue-binance.toml", "green-binance.toml")]
)
def test_the_two_books_differ_only_in_who_they_are(a: str, b: str) -> None:
    """D1: five keys differ, all allowed; champion equal; directions and routing right."""
    found = audit(CONFIGS / a, CONFIGS / b)
    assert found.passed
    assert [one.key.rpartition(".")[2] for one in found.differing] == sorted(ALLOWED)
    assert len(found.findings) == 3


def test_a_parameter_that_differs_fails_and_is_named(tmp_path: Path) -> None:
    """D1: an engine parameter is not on the list."""
    found = audit(BLUE, changed(tmp_path, ("max_hold_bars = 120", "max_hold_bars = 121")))
    assert not found.passed
    wrong = [one for one in found.differing if not one.allowed]
    assert [(one.key, one.a, one.b) for one in wrong] == [
        ("desks.divergence.settings.max_hold_bars", "120", "121")
    ]
    assert found.findings[0].figures == "differ: max_hold_bars"


def test_a_default_left_out_is_no_difference(tmp_path: Path) -> None:
    """D1: what is compared is the resolved configuration."""
    assert audit(BLUE, changed(tmp_path, ("max_hold_bars = 120\n", ""))).passed


def test_a_key_may_be_allowed_besides(tmp_path: Path) -> None:
    """D1: by its last word or by its whole path, where it is no champion's parameter."""
    other = changed(tmp_path, ("irp_prior = 5.0", "irp_prior = 6.0"))
    assert not audit(BLUE, other).passed
    assert audit(BLUE, other, ["irp_prior"]).passed
    assert audit(BLUE, other, ["desks.divergence.settings.irp_prior"]).passed
    with pytest.raises(UsageError, match="did you mean irp_prior"):
        audit(BLUE, other, ["irp_priors"])


def test_both_on_one_side_fails(tmp_path: Path) -> None:
    """D1: blue is -1, green is +1."""
    found = audit(BLUE, changed(tmp_path, ("direction = 1", "direction = -1")))
    assert not found.findings[1].right
    assert "green has direction -1, not +1" in found.findings[1].figures


@pytest.mark.parametrize("key", ["divergence:blue:state", "divergence:blue:pnl", "paper_logs/blue"])
def test_a_shared_place_fails(tmp_path: Path, key: str) -> None:
    """D1: no two desks write to one place."""
    found = audit(BLUE, changed(tmp_path, (key.replace("blue", "green"), key)))
    assert not found.findings[2].right
    assert f"{key} is used by divergence of a and by divergence of b" in found.findings[2].figures


def test_the_command_lists_differences_and_fails(tmp_path: Path) -> None:
    """D1: exit 0 with the allowed ones, 1 with another, and a sign-off line from both."""
    out = tmp_path / "proof"
    good = call("prove", "audit", BLUE, GREEN, "--out", out)
    assert (good.code, good.lines[-1]) == (0, "audit passed")
    assert "**passed**" in (out / "sign_off.md").read_text(encoding="utf-8")
    bad = call(
        "prove", "audit", BLUE, changed(tmp_path, ("seed = 42\n\n[account]", "seed = 43\n\n[account]"))
    )
    assert bad.code == 1
    assert "NOT ALLOWED" in bad.out
    assert call("prove", "audit", BLUE, GREEN, "--json").json["keys"] > 100


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("max_hold_bars", "max_hold_bar"), "did you mean max_hold_bars?"),
        (("direction = 1", "direction = 2"), "direction"),
    ],
)
def test_a_wrong_key_is_one_line(tmp_path: Path, change: tuple[str, str], said: str) -> None:
    """D1: what is no configuration is wrong use, exit 2."""
    answer = call("prove", "audit", BLUE, changed(tmp_path, change))
    assert answer.code == 2
    assert said in answer.err
    assert answer.err.count("\n") == 1


def test_a_missing_file_is_one_line() -> None:
    """D1: exit 2."""
    answer = call("prove", "audit", BLUE, "nowhere.toml")
    assert (answer.code, answer.err.count("\n")) == (2, 1)
