"""The desks of a configuration: which panels they share, and every fault of a panel's desk in one line (A11)."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.desks.divergence.desk_rig import NAMES, configured, desk
from tests.runtime.rig import TOLD
from tradeworthy.core.errors import UsageError
from tradeworthy.runtime.assembly import timeframe_of
from tradeworthy.runtime.configuration import Configuration, from_values
from tradeworthy.runtime.desks import check_desks, universes_of

HALF = {"share": "0.5"}


def changed(section: dict[str, Any], **settings: Any) -> dict[str, Any]:
    """A desk's section with some of its own settings changed."""
    return section | {"settings": section["settings"] | settings}


def refused(*desks: dict[str, Any], **sections: Any) -> str:
    """What is said of a configuration with these desks."""
    with pytest.raises(UsageError) as error:
        check_desks(configured(*desks, **sections))
    text = str(error.value)
    assert "\n" not in text
    return text.removeprefix("the test's configuration: ")


def test_desks_with_one_universe_share_a_panel() -> None:
    """Equal instruments in equal order, timeframe and grace; another of that size is numbered."""
    turned = desk("c", "0.2") | {"instruments": list(reversed(NAMES))}
    found = universes_of(
        configured(desk("a", "0.2"), desk("b", "0.2"), turned, desk("d", "0.2", grace_s=2.0))
    )
    assert {name: one.name for name, one in found.items()} == {
        "a": "6x5m",
        "b": "6x5m",
        "c": "6x5m-2",
        "d": "6x5m-3",
    }
    assert found["a"] is not found["c"]
    assert (found["d"].grace_ns, found["c"].instruments[0]) == (2_000_000_000, NAMES[-1])


def test_a_file_desk_may_stand_beside_a_panels_desk() -> None:
    """On the same timeframe: a session's feed has one."""
    told = {"name": "told", "file": str(TOLD), "instruments": [NAMES[0]], **HALF}
    both = configured(desk(share="0.5"), told | {"timeframe": "5m"})
    check_desks(both)
    assert timeframe_of(both) == "5m"
    assert list(universes_of(both)) == ["divergence"]
    with pytest.raises(UsageError, match="the desks want bars of 1m and 5m; give a session's desks one"):
        timeframe_of(configured(desk(share="0.5"), told | {"timeframe": "1m"}))


@pytest.mark.parametrize(
    ("section", "said"),
    [
        (changed(desk(), assets_min=7), "a universe of 6 instruments: give assets_min (7) to 64"),
        (changed(desk(), vol_symbol="BTC"), "vol_symbol 'BTC' is none of its instruments A00, A01"),
        (changed(desk(), vel_div_treshold=-0.01), "vel_div_treshold; did you mean vel_div_threshold?"),
        (desk() | {"settings": {"direction": 0}}, "direction: Input should be -1 or 1 (given: 0)"),
        (desk() | {"instruments": []}, "desk divergence has no instruments; name those it trades"),
        (desk() | {"timeframe": "2m"}, "timeframe '2m' is none of 1m, 5m"),
        (desk() | {"kind": "divergense"}, "there is no kind 'divergense'; did you mean divergence?"),
    ],
)
def test_a_fault_of_a_panels_desk_is_one_line(section: dict[str, Any], said: str) -> None:
    """What, the value, the limit, the next step."""
    assert said in refused(section)


def test_a_universe_of_more_than_sixty_four_is_refused() -> None:
    """The records have so many columns."""
    names = [f"A{column:02}" for column in range(65)]
    listed = [{"id": name, "tick": "0.01", "lot": "0.001"} for name in names]
    said = refused(desk() | {"instruments": names}, instruments=listed)
    assert "a universe of 65 instruments: give assets_min (3) to 64" in said


@pytest.mark.parametrize(
    ("venue", "said"),
    [
        ({"fills": "next_open"}, 'set fills = "maker_draw" or "taker_close" in [venue]'),
        ({"matcher": "book"}, 'set matcher = "bar" in [venue]'),
    ],
)
def test_a_panels_desk_needs_a_venue_that_fills_at_its_close(venue: dict[str, str], said: str) -> None:
    """The size is of that price, and the other paths fill there."""
    assert said in refused(desk(), venue=venue)


def test_order_books_and_bars_have_no_feed_together() -> None:
    """The arbitrage desk lives on another feed."""
    arbitrage = {"name": "arbitrage", "kind": "arbitrage", **HALF}
    assert "trades bars and desk arbitrage order books" in refused(desk(share="0.5"), arbitrage)


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"posture": "APEKS"}, "script.0.posture: Input should be 'APEX', 'STALKER'"),
        ({"boost": 9.0, "beta": 0.2}, "script.0: "),
        ({}, "script.0: the entry says nothing: give posture, boost with beta, or mc"),
        ({"mc": "RED", "postur": "APEX"}, "unknown key script.0.postur; did you mean posture?"),
        ({"boost": 1.0, "beta": 0.2, "desk": "divergense"}, "which there is not; did you mean divergence?"),
    ],
)
def test_a_fault_of_the_script_is_one_line(entry: dict[str, Any], said: str) -> None:
    """Each entry is judged when the configuration is read."""
    assert said in refused(desk(), script=[{"at": "2024-10-04T00:00:00Z", **entry}])


def test_a_script_that_nobody_hears_is_refused() -> None:
    """Else a drill would drill nothing."""
    told = {"name": "told", "file": str(TOLD), "instruments": [NAMES[0]], "timeframe": "5m"}
    script = [{"at": "2024-10-04T00:00:00Z", "posture": "TURTLE"}]
    assert "[[script]] is heard by desks of kind divergence alone, and there is none" in refused(
        told, script=script
    )


def test_a_panels_configuration_survives_its_header() -> None:
    """Posture and script too: replay reads nothing else."""
    script = [{"at": "2024-10-04T00:00:00Z", "until": "2024-10-05T00:00:00Z", "every_s": 60, "mc": "RED"}]
    whole = configured(desk(), script=script)
    again = from_values(whole.resolved(), "the header")
    assert isinstance(again, Configuration)
    assert again == whole


def test_compiled_steps_load_only_where_a_desk_needs_them() -> None:
    """The compiler takes a second to import, and a session of other desks has no use for it."""
    root = Path(__file__).parents[2]
    code = (
        "import sys; from pathlib import Path;"
        "from tradeworthy.runtime import session, backtest, assembly, configuration, desks;"
        "load = lambda name: configuration.load(Path('configs') / name);"
        "desks.check_desks(load('breakout.toml')); desks.check_desks(load('blue.toml'));"
        "make = lambda one: assembly.assemble(one, None, None, seed=1);"
        "make(load('breakout.toml')); make(load('pilot.toml')); before = 'numba' in sys.modules;"
        "make(load('blue.toml')); print(before, 'numba' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]
