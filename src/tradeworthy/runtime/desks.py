"""The desks of a configuration: each section made into agents, and the panels that they ask for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tradeworthy.core.agents import Agent
from tradeworthy.core.errors import UsageError
from tradeworthy.desks.uptrend.config import UptrendSettings
from tradeworthy.execution.desk import Account, Desk, DeskParts
from tradeworthy.market.panels import Universe
from tradeworthy.runtime.configuration import Configuration, section
from tradeworthy.runtime.desk_files import load_desk
from tradeworthy.runtime.desk_kinds import KINDS, Learned, PanelKind, TokenKind
from tradeworthy.runtime.sections import DeskSettings

SECOND_NS = 1_000_000_000


def check_desks(configuration: Configuration) -> None:
    """UsageError for a desk that can't be made of its section: before any server is started for it.

    Nor may two desks on panels keep their state in one place.
    """
    universes = universes_of(configuration)
    taken: dict[str, str] = {}
    for settings in configuration.desks:
        if not settings.kind:
            make_desk(settings)
            continue
        kind, own = KINDS[settings.kind], built_in_settings(settings)
        if isinstance(kind, TokenKind):
            kind.check(own, settings.instruments, settings.timeframe)
        if isinstance(kind, PanelKind):
            kind.check(own, universes[settings.name])
            for place in (own.state_key, own.pnl_key, own.log_dir):
                if taken.setdefault(place, settings.name) != settings.name:
                    raise UsageError(
                        f"desks {taken[place]} and {settings.name} both keep their state in {place}; give each a"
                        " state_key, a pnl_key and a log_dir of its own"
                    )


def desk_agents(
    settings: DeskSettings,
    account: Account,
    parts: DeskParts,
    universes: Mapping[str, Universe],
    learned: Learned | None,
) -> list[Agent]:
    """The agents of one `[[desks]]` section; UsageError if they can't be made of it."""
    if settings.kind:
        kind, own = KINDS[settings.kind], built_in_settings(settings)
        if isinstance(kind, TokenKind):
            assert learned is not None, "a session with such a desk learns"
            return kind.make_agents(settings.name, own, parts, learned)
        if isinstance(kind, PanelKind):
            return kind.make_agents(settings.name, own, parts, universes[settings.name])
        return kind.make_agents(settings.name, own, parts)
    desk = make_desk(settings)
    desk.account = account
    return [desk]


def built_in_settings(settings: DeskSettings) -> Any:
    """The own section of a built-in desk, judged by its class."""
    name = f"desk {settings.name}, kind {settings.kind}"
    return section(KINDS[settings.kind].settings(), settings.settings, name)


def token_settings(configuration: Configuration) -> list[UptrendSettings]:
    """The own sections of the desks that trade tokens."""
    return [built_in_settings(desk) for desk in configuration.desks if desk.on_tokens]


def make_desk(settings: DeskSettings) -> Desk:
    """The desk of a `[[desks]]` section that names a file."""
    assert settings.file is not None
    kind = load_desk(settings.file)
    own = section(kind.Settings, settings.settings, f"desk {settings.name}, {settings.file.name}")
    try:
        return kind(settings.name, own, settings.instruments, settings.timeframe)
    except TypeError as error:
        raise UsageError(
            f"desk {settings.name} can't be made: {error}; leave out __init__ or keep its arguments"
        ) from error


def universes_of(configuration: Configuration) -> dict[str, Universe]:
    """The universe of each desk that trades a panel, by the desk's name; equal ones have one name, and one panel.

    It is called after its size and timeframe, `28x5m`; a second one of that size is `28x5m-2`.
    """
    names: dict[tuple[tuple[str, ...], str, int], str] = {}
    found: dict[str, Universe] = {}
    for desk in configuration.desks:
        if not desk.on_panel:
            continue
        grace_ns = round(built_in_settings(desk).grace_s * SECOND_NS)
        key = (desk.instruments, desk.timeframe, grace_ns)
        if key not in names:
            size = f"{len(desk.instruments)}x{desk.timeframe}"
            same = sum(name.partition("-")[0] == size for name in names.values())
            names[key] = f"{size}-{same + 1}" if same else size
        found[desk.name] = Universe(names[key], desk.timeframe, desk.instruments, grace_ns)
    return found
