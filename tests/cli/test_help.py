"""The help of each verb."""

import pytest

from tests.cli.command_line import call

VERBS = (
    *("demo", "run", "backtest", "sweep", "report", "status", "stop", "halt", "resume", "flatten"),
    *("trace", "why", "replay", "doctor", "init", "inject price", "version", "serve"),
    *(
        "prove audit",
        "prove parity",
        "prove reference",
        "prove lookahead",
        "prove calibration",
        "prove compare",
    ),
    *("prove preflight", "prove day", "prove sign-off", "prove flow", "prove shadow"),
    *("learn show", "learn facts", "learn mine", "learn tune", "learn judge"),
    *("learn rollback", "learn curators", "learn threshold"),
    *("alerts test", "alerts list"),
    *("data fetch", "data import", "data rollup", "data check", "data list"),
    *("token new", "token list", "token revoke"),
)
REPORTING = (
    "demo",
    "run",
    "backtest",
    "sweep",
    "report",
    "status",
    "trace",
    "why",
    "replay",
    "doctor",
    "data fetch",
    "data rollup",
    "data check",
    "data list",
    *(
        "prove audit",
        "prove parity",
        "prove reference",
        "prove lookahead",
        "prove calibration",
        "prove compare",
    ),
    *("prove preflight", "prove day", "prove sign-off", "prove flow", "prove shadow"),
    *("alerts test", "alerts list"),
    *("learn show", "learn facts", "learn mine", "learn tune", "learn judge"),
    *("token new", "token list", "token revoke"),
)


@pytest.mark.parametrize("verb", VERBS)
def test_the_help_of_a_verb_has_an_example(verb: str) -> None:
    """Each --help teaches."""
    said = call(*verb.split(), "--help")
    assert said.code == 0
    assert "Example:" in said.out
    assert f"tradeworthy {verb}" in " ".join(said.out.split())


@pytest.mark.parametrize("verb", REPORTING)
def test_a_verb_that_reports_can_do_it_in_json(verb: str) -> None:
    """Programs read what people read."""
    assert "--json" in call(*verb.split(), "--help").out


def test_the_version_is_one_line() -> None:
    """`tradeworthy 0.1.0` style, as a verb and as an option."""
    said = call("version")
    assert said.out.startswith("tradeworthy ")
    assert call("--version").out == said.out
