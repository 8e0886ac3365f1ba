"""What a page may be told of: topics, and which packets move which of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

_TYPES: Final[dict[str, tuple[str, ...]]] = {
    "trades": (
        *("ActionTaken", "FillObserved", "Opened", "PositionBooked", "PositionChanged", "Reconciled"),
        *("SetsMerged", "Settled", "TradeClosed", "TradeReversed"),
    ),
    "candidates": (
        "Candidate",
        "IntentProposed",
        "SignalDecided",
        "SignalTaken",
        "TradeCandidate",
        "Verdict",
    ),
    "decisions": ("Decision",),
    "orders": ("CancelOrder", "CancelWorking", "FillObserved", "OrderObserved", "PlaceOrder"),
    "equity": ("CashMoved", "DailyReset", "EquityMarked", "Opened", "TradeClosed"),
    "posture": ("BoostChanged", "ForewarnerReported", "PostureChanged", "PostureReported"),
    "halts": ("HaltChanged", "Operator", "Quarantined"),
    "learning": (
        *(
            "ActionsImported",
            "CuratorsChanged",
            "EpisodeEnded",
            "JobAnswered",
            "JobAsked",
            "OverrideRolledBack",
        ),
        *("OverridesChanged", "RunJob", "ThresholdsChanged", "WindowClosed", "WindowResolved"),
    ),
    "opportunities": ("AllocationsChanged", "GapClosed", "OpportunityDetected"),
    "markets": (
        *("BackfillAnswered", "BarBuilt", "EngineReported", "InstrumentListed", "MarketClosed"),
        *("MarketDisputed", "MarketOpened", "MarketResolved", "PositionClosed", "PositionStatusChanged"),
        *(
            "PositionsAllocated",
            "ResolutionOverdue",
            "RowOperated",
            "SocialSignal",
            "StageChanged",
            "StateForced",
        ),
    ),
    "health": ("HealthObserved", "Quarantined"),
    "counters": ("CountersClosed",),
}
"""By topic, the packets that move it."""

OTHERS: Final = ("alerts", "prices", "pulse", "run", "status")
"""Topics that no one packet moves."""

TOPICS: Final = frozenset({*_TYPES, *OTHERS})
_BY_TYPE: Final = {
    packet: frozenset(topic for topic, types in _TYPES.items() if packet in types)
    for types in _TYPES.values()
    for packet in types
}


def topics_of(types: Iterable[str]) -> frozenset[str]:
    """The topics that packets of these types move; the alerts may move with any."""
    found = frozenset[str]().union(*(_BY_TYPE.get(one, frozenset()) for one in types))
    return found | {"alerts"} if found else found
