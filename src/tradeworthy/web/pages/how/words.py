"""The texts of How It Works: the words of the field, others' figures with their date, and what none of it says."""

from __future__ import annotations

from typing import Final

GLOSSARY: Final = (
    (
        "Edge",
        (
            "What a trade is expected to earn for each 1 of payout, after fees. Not a promise: the view "
            "behind it may be wrong."
        ),
    ),
    (
        "VWAP",
        (
            "Volume-weighted average price: what a quantity costs in all when it takes several levels of "
            "a book, divided by the quantity."
        ),
    ),
    (
        "Slippage",
        "The difference between the price at which a decision was made and the price at which it was filled.",
    ),
    (
        "Oracle",
        "A source that says what the underlying is worth, such as the price of BTC on a large exchange.",
    ),
    ("Venue", "A place where orders are filled."),
    ("Book", "All that is bid and asked for one instrument at a moment, by price."),
    ("Desk", "One trading system: its own settings, its own share of the capital, its own reasons."),
    (
        "Session, run",
        (
            "A session is desks that run under one sequencer; a run is such a session's life, over as "
            "many starts and crashes as it takes."
        ),
    ),
    ("Turn", "One input and everything that it causes, handled to its end before the next input."),
    (
        "Packet",
        "An event on its way. It knows its cause, so that every path can be followed back to an input.",
    ),
    ("Trace", "All packets that go back to one input: the page of that name draws one."),
    ("Candidate", "What may become a trade. It ends in exactly one verdict."),
    (
        "Verdict",
        (
            "How a candidate ended: filled, skipped, rejected, expired, cancelled or failed, with a "
            "reason and its figures."
        ),
    ),
    ("Decision", "A yes or no with all figures that it rested on, and who said it."),
    ("Intent", "What a desk wants: one or more legs that stand or fall together."),
    ("Gateway", "Code that touches the outside world. The core has none in it."),
    ("Posture", "How much risk the system takes under stress, from normal to none."),
    ("Lesson", "A statistic mined from many closed trades, kept only if chance is an unlikely cause."),
    ("Override", "A bounded multiplier that a lesson puts on a size or a gate. It can be taken back."),
    ("Episode", "One window of opportunity, acted on or let pass; both are kept."),
    (
        "Gate, certificate, evidence",
        (
            "What a desk must prove before it may trade with more; the signed proof of it; the files that "
            "it rests on."
        ),
    ),
    ("Champion", "A frozen reference that changes are measured against."),
    (
        "Digest, fingerprint",
        (
            "Two checksums of a run: of all its packets, and of what it did to money. Equal runs have "
            "equal ones."
        ),
    ),
)
"""Words of the field and of this product, in the order in which they are met."""

OPPORTUNITIES: Final = (
    (
        "Oracle lag",
        "O1, O2, O3",
        (
            "A prediction market on a price has not followed the price yet. The desk computes what YES is "
            "worth from price,"
            " volatility and time left, takes off its own doubt, and buys what is offered for less."
        ),
        "It is a view: it can lose the whole stake.",
    ),
    (
        "One market's two sides",
        "M1, M2",
        (
            "YES and NO of one question together pay exactly 1. Bought for less in all, or sold for more, "
            "the difference is"
            " locked, whatever happens. Most of what looks like that is one book being late, and is "
            "refused as skew."
        ),
        "It is locked if both legs fill.",
    ),
    (
        "Sets of outcomes",
        "M3, M4, M5",
        (
            "Of several outcomes of one event at most one comes true, or exactly one; of two strikes the "
            "lower is the surer."
            " A set that must pay at least 1 and costs less is worth buying, if nothing is missing from it."
        ),
        "It is locked if the set is whole and all legs fill.",
    ),
)
"""Name, methods, what it is, and what can go wrong."""

RESEARCH: Final = (
    ("Taken from Polymarket by arbitrage in a year", "about $39.7 million"),
    ("of which several outcomes of one event", "73.1 % (about $29 million)"),
    ("of which one question's two sides", "26.6 % (about $10.5 million)"),
    ("of which combinations of questions", "0.24 %"),
    ("Attempts that succeeded, one question", "87 %"),
    ("Attempts that succeeded, combinations", "45 %"),
    ("Why others failed", "liquidity 48 %, price moved 31 %, somebody was faster 21 %"),
    ("Least profit that was worth it", "$0.05"),
)
RESEARCH_SOURCE: Final = "arXiv 2508.03474, August 2025"
RESEARCH_CAVEAT: Final = (
    "These are others' figures, from before takers paid fees on most markets, and from before the "
    "delay of crypto markets"
    " was taken away (February 2026). They say that such gaps existed, not that they pay now: this "
    "product measures its"
    " own, net of fees."
)

UNTOLD: Final = (
    "On paper nobody takes the other side. No queue is seen, and no other bot races for the same gap.",
    (
        "The simulator makes up its prices and its lags: profit in it shows that the code works, and "
        "nothing of a market."
    ),
    (
        "A recorded past is one draw. What was delisted is not in it, and you knew the period before you "
        "chose it."
    ),
    "The model of a fair price knows no jumps and no drift. Near the end of a market it is least right.",
    (
        "The oracle and what the venue settles on are two sources. The difference is bounded by a "
        "setting, not known."
    ),
    "A venue may halt, change its fees, take a fill back, or fail with the money in it.",
    "A lesson that chance is unlikely to have made may still have been made by chance.",
    "Whether it earns money: only a long record of small, real trades says that, and of the past alone.",
)
