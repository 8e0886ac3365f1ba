"""Social ingress: which token a signal means, how sure that is, and how healthy the token looks."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from tradeworthy.core.agents import Agent, Answer, Context, State, on
from tradeworthy.core.events import Figure
from tradeworthy.desks.uptrend.config import CHAINS, TokenSettings, UptrendSettings
from tradeworthy.desks.uptrend.curators import Curators, configured
from tradeworthy.desks.uptrend.events import CuratorsChanged, SignalTaken, SocialSignal
from tradeworthy.desks.uptrend.names import part_name
from tradeworthy.learning.events import Scope
from tradeworthy.learning.scopes import age_bucket, cap_bucket, ratio_bucket, volume_bucket

PART = "social-ingest"
IDS_MAX = 10_000
"""Ids of signals that are remembered, the newest."""

CONTRACT, CASHTAG, TICKER = "contract", "cashtag", "ticker"
GRADES = {CONTRACT: "high", CASHTAG: "med", TICKER: "low"}
"""How sure it is which token is meant, by what named it."""

UNSUPPORTED_CHAIN, IGNORED_TICKER, UNKNOWN_TOKEN = "unsupported_chain", "ignored_ticker", "unknown_token"
AMBIGUOUS_TOKEN, MAJOR_TOKEN = "ambiguous_token", "major_token"
TAKEN = "signal_taken"

_VOLUME_FLOORS = {"ethereum": 25_000.0, "base": 25_000.0}
_VOLUME_FLOOR = 100_000.0
_FLOOR_SHARES = {"high": 0.4, "med": 0.7, "low": 1.0}
_LIQUIDITY_FLOOR = 20_000.0
_CAP_CUTS = (5e5, 1e6, 5e6, 5e7, 2e8)
_LIQUIDITY_SHARES = (0.10, 0.06, 0.04, 0.03, 0.02, 0.01)


class Found(NamedTuple):
    """The token that a signal means, what named it (contract, cashtag or ticker), or why it goes no further."""

    token: TokenSettings | None
    named_by: str
    blocked: str


class Tokens:
    """The symbol map: tokens by contract, else by ticker; letters' case and a leading $ don't count."""

    def __init__(
        self, tokens: Sequence[TokenSettings], chains: Sequence[str], ignored: Sequence[str]
    ) -> None:
        self._tokens = tokens
        self._chains = {chain.casefold() for chain in (*CHAINS, *chains)}
        self._ignored = {plain(ticker) for ticker in ignored}

    def find(self, signal: SocialSignal) -> Found:
        """The token of `signal`.

        A contract that belongs to no token, or to a token on another chain, is never matched by its ticker: a
        foreign coin may bear any name. A token that is configured without a contract is matched by ticker alone.
        """
        ticker, chain, contract = plain(signal.ticker), signal.chain.casefold(), signal.contract.casefold()
        by_contract = [one for one in self._tokens if contract and one.contract.casefold() == contract]
        found = by_contract or [
            one for one in self._tokens if plain(one.ticker) == ticker and not (contract and one.contract)
        ]
        found = [one for one in found if not chain or one.chain.casefold() == chain]
        token = found[0] if len(found) == 1 else None
        how = CONTRACT if by_contract else CASHTAG if named_by(signal) == CASHTAG else TICKER
        return Found(token, how, self._blocked(ticker, chain, found))

    def _blocked(self, ticker: str, chain: str, found: Sequence[TokenSettings]) -> str:
        if chain and chain not in self._chains:
            return UNSUPPORTED_CHAIN
        if ticker in self._ignored:
            return IGNORED_TICKER
        if not found:
            return UNKNOWN_TOKEN
        if len(found) > 1:
            return AMBIGUOUS_TOKEN
        if found[0].major:
            return MAJOR_TOKEN
        return "" if found[0].chain.casefold() in self._chains else UNSUPPORTED_CHAIN


def plain(ticker: str) -> str:
    """A ticker as tickers are compared: no $ before it, case folded."""
    return ticker.strip().removeprefix("$").casefold()


def named_by(signal: SocialSignal) -> str:
    """What `signal` itself names its token by: contract, cashtag or ticker."""
    if signal.contract:
        return CONTRACT
    return CASHTAG if signal.ticker.startswith("$") or signal.mapping_confidence == CASHTAG else TICKER


def health(signal: SocialSignal, chain: str, grade: str, market_cap: float | None) -> dict[str, Figure]:
    """The ingest figures in USD, their floors, and whether each is met (None: not known). They block nothing.

    The hard gates are the position manager's, who buys. Source: specs/uptrend.md 8.
    """
    volume, liquidity = signal.volume_24h, signal.liquidity_usd
    volume_floor = _VOLUME_FLOORS.get(chain, _VOLUME_FLOOR) * _FLOOR_SHARES[grade]
    share = liquidity / market_cap if market_cap and liquidity is not None else None
    share_floor = None if not market_cap else _LIQUIDITY_SHARES[bisect_right(_CAP_CUTS, market_cap)]
    return {
        "volume_24h": volume,
        "volume_floor": volume_floor,
        "volume_ok": None if volume is None else volume >= volume_floor,
        "liquidity_usd": liquidity,
        "liquidity_floor": _LIQUIDITY_FLOOR,
        "liquidity_ok": None if liquidity is None else liquidity >= _LIQUIDITY_FLOOR,
        "liquidity_share": share,
        "liquidity_share_floor": share_floor,
        "liquidity_share_ok": None if share is None or share_floor is None else share >= share_floor,
    }


def entry_of(signal: SocialSignal, chain: str, market_cap: float | None) -> Scope:
    """What is known of token and curator, in the words of lessons; what is not known is left out."""
    words = {
        "curator": signal.curator,
        "chain": chain,
        "mcap_bucket": cap_bucket(market_cap),
        "vol_bucket": volume_bucket(signal.volume_24h),
        "age_bucket": age_bucket(signal.age_days),
        "intent": signal.intent,
        "mcap_vol_ratio_bucket": ratio_bucket(market_cap, signal.volume_24h),
    }
    return {name: word for name, word in words.items() if word}


class IngestState(State):
    """The curators, and the seq of the first SignalTaken of each signal by `<source>/<id>`, oldest first."""

    curators: Curators
    taken: dict[str, int] = {}


class SocialIngest(Agent):
    """Makes a SignalTaken of each signal, blocked ones too.

    Every signal is taken. One whose source and id came before (among the newest IDS_MAX) carries `repeat_of`, the
    seq of the first one's SignalTaken: the decision maker decides on it again, reuses the rows and raises no cap.
    """

    def __init__(self, desk: str, settings: UptrendSettings) -> None:
        self._tokens = Tokens(settings.tokens, settings.decision.chains, settings.decision.ignored_tickers)
        curators = Curators(settings.decision.unknown_curator_score)
        curators.take(configured(settings.curators))
        super().__init__(part_name(desk, PART), IngestState(curators), desk=desk)

    @property
    def curators(self) -> Curators:
        """The table of curators, to be read."""
        curators: Curators = self.state.curators
        return curators

    @on(CuratorsChanged)
    def take_curators(self, event: CuratorsChanged, _: Context) -> None:
        """Replace the table."""
        self.curators.take(event.curators)

    @on(SocialSignal)
    def take(self, signal: SocialSignal, _: Context) -> Answer:
        """The signal with its token, grade, figures, and why it is blocked."""
        found = self._tokens.find(signal)
        token, grade = found.token, GRADES[found.named_by]
        chain = token.chain if token else signal.chain.casefold()
        market_cap = signal.market_cap
        if market_cap is None and token is not None:
            market_cap = token.market_cap
        score, known = self.curators.score(signal.curator)
        taken = SignalTaken(
            desk=self.desk,
            signal=signal.signal,
            curator=signal.curator,
            instrument=token.instrument if token else "",
            ticker=token.ticker if token else signal.ticker.strip().removeprefix("$"),
            chain=chain,
            contract=token.contract if token else signal.contract,
            intent=signal.intent,
            grade=grade,
            blocked=found.blocked,
            health=health(signal, chain, grade, market_cap),
            entry=entry_of(signal, chain, market_cap),
            figures={
                "source": signal.source,
                "timeframe": signal.timeframe,
                "confidence": signal.confidence,
                "market_cap": market_cap,
                "volume_24h": signal.volume_24h,
                "age_days": signal.age_days,
                "named_by": found.named_by,
                "curator_score": score,
                "curator_known": known,
            },
            repeat_of=self.state.taken.get(_key(signal.source, signal.signal), 0),
            ts_event=signal.ts_event,
        )
        return (taken, found.blocked or TAKEN)

    @on(SignalTaken)
    def remember(self, taken: SignalTaken, context: Context) -> None:
        """Keep the seq of a signal that was not seen before; the oldest makes room."""
        if taken.desk != self.desk or taken.repeat_of:
            return
        seen = self.state.taken
        seen[_key(str(taken.figures["source"]), taken.signal)] = context.seq
        if len(seen) > IDS_MAX:
            del seen[next(iter(seen))]


def _key(source: str, signal: str) -> str:
    return f"{source}/{signal}"
