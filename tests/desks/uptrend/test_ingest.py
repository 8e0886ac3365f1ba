"""Social ingress: which token is meant, how sure that is, what is recorded, and what goes no further."""

from typing import Any

import pytest

from tests.desks.uptrend.signalling import START, Signalling, settings_of, signal
from tradeworthy.core.events import CountersClosed
from tradeworthy.desks.uptrend import ingest
from tradeworthy.desks.uptrend.events import Curator, CuratorsChanged, SignalDecided, SignalTaken
from tradeworthy.desks.uptrend.ingest import SocialIngest


def taken(desk: Signalling, **changes: Any) -> SignalTaken:
    """What ingestion makes of one signal."""
    made = desk.put(signal(**changes))[0]
    assert isinstance(made, SignalTaken)
    return made


@pytest.mark.parametrize(
    ("said", "instrument", "grade"),
    [
        ({"ticker": "whatever", "contract": "Dez1"}, "BONK", "high"),
        ({"ticker": "whatever", "contract": "0xaB"}, "PEPE", "high"),
        ({"ticker": "$bonk"}, "BONK", "med"),
        ({"ticker": "Bonk", "mapping_confidence": "cashtag"}, "BONK", "med"),
        ({"ticker": "bonk"}, "BONK", "low"),
        ({"ticker": "bonk", "mapping_confidence": "contract"}, "BONK", "low"),
    ],
)
def test_a_token_is_known_by_contract_else_by_ticker(
    said: dict[str, Any], instrument: str, grade: str
) -> None:
    """L2: a contract is sure, a cashtag less, a bare ticker least; a contract that is not given makes nothing sure."""
    found = taken(Signalling(), **said)
    assert (found.instrument, found.grade, found.blocked) == (instrument, grade, "")


@pytest.mark.parametrize(
    ("said", "word"),
    [
        ({"chain": "tron"}, "unsupported_chain"),
        ({"ticker": "$USDC"}, "ignored_ticker"),
        ({"ticker": "NOPE"}, "unknown_token"),
        ({"contract": "another coin called BONK"}, "unknown_token"),
        ({"contract": "Dez1", "chain": "base"}, "unknown_token"),
        ({"chain": "ethereum"}, "unknown_token"),
        ({"ticker": "SOL"}, "major_token"),
        ({"ticker": "TWIN"}, "ambiguous_token"),
    ],
)
def test_a_blocked_signal_is_on_record_and_gets_no_decision(said: dict[str, Any], word: str) -> None:
    """L2: it says why it goes no further; a coin with another's name is never taken for it."""
    twins = [{"instrument": f"T{chain}", "ticker": "TWIN", "chain": chain} for chain in ("base", "bsc")]
    tokens = [one.model_dump() for one in settings_of().tokens] + twins
    desk = Signalling(tokens=tokens, decision={"ignored_tickers": ["usdc"]})
    assert taken(desk, **said).blocked == word
    assert not desk.events(SignalDecided)
    assert not desk.trader.rows()


def test_a_chain_tells_tokens_of_one_ticker_apart() -> None:
    """The same name on two chains is two tokens."""
    twins = [{"instrument": f"T{chain}", "ticker": "TWIN", "chain": chain} for chain in ("base", "bsc")]
    assert taken(Signalling(tokens=twins), ticker="TWIN", chain="BSC").instrument == "Tbsc"


def test_thin_volume_and_liquidity_are_recorded_and_block_nothing() -> None:
    """B41: ingestion shows each figure with its floor and claims to enforce none: that is the position manager's."""
    found = taken(Signalling(), ticker="bonk", volume_24h=99_999.0, liquidity_usd=19_999.0)
    assert found.blocked == ""
    assert found.health == {
        "volume_24h": 99_999.0,
        "volume_floor": 100_000.0,
        "volume_ok": False,
        "liquidity_usd": 19_999.0,
        "liquidity_floor": 20_000.0,
        "liquidity_ok": False,
        "liquidity_share": 0.019999,
        "liquidity_share_floor": 0.04,
        "liquidity_share_ok": False,
    }


@pytest.mark.parametrize(
    ("said", "floor"),
    [
        ({"ticker": "bonk"}, 100_000.0),
        ({"ticker": "$bonk"}, 70_000.0),
        ({"contract": "Dez1"}, 40_000.0),
        ({"ticker": "pepe"}, 25_000.0),
        ({"contract": "0xab"}, 10_000.0),
    ],
)
def test_the_volume_floor_is_the_chains_and_falls_with_confidence(said: dict[str, Any], floor: float) -> None:
    """100k on solana and bsc, 25k on ethereum and base; less where it is sure which token is meant."""
    found = taken(Signalling(), volume_24h=floor, **said)
    assert (found.health["volume_floor"], found.health["volume_ok"]) == (floor, True)


@pytest.mark.parametrize(
    ("market_cap", "share"),
    [
        (4e5, 0.10),
        (5e5, 0.06),
        (9e5, 0.06),
        (4e6, 0.04),
        (4e7, 0.03),
        (1.5e8, 0.02),
        (2e8, 0.01),
        (1e10, 0.01),
    ],
)
def test_a_small_coin_needs_a_larger_share_of_liquidity(market_cap: float, share: float) -> None:
    """The tiers of liquidity over market capitalisation; a tier begins at its figure."""
    found = taken(Signalling(), market_cap=market_cap, liquidity_usd=market_cap * share)
    assert (found.health["liquidity_share_floor"], found.health["liquidity_share_ok"]) == (share, True)


def test_what_is_not_known_is_no_failure_and_no_bucket() -> None:
    """An unknown figure is neither met nor missed, and gives no word to lessons."""
    found = taken(Signalling(), ticker="PEPE")
    assert found.health["volume_ok"] is None
    assert found.health["liquidity_ok"] is None
    assert found.health["liquidity_share_floor"] is None
    assert found.entry == {"curator": "ann", "chain": "ethereum", "intent": "new_discovery"}


def test_the_words_of_lessons_are_those_of_the_signal_else_of_the_token() -> None:
    """Buckets by the one vocabulary; the token's own capitalisation stands in for one that is not told."""
    found = taken(Signalling(), volume_24h=2e5, age_days=2.0)
    assert found.entry == {
        "curator": "ann",
        "chain": "solana",
        "mcap_bucket": "micro",
        "vol_bucket": "100k-250k",
        "age_bucket": "1-3d",
        "intent": "new_discovery",
        "mcap_vol_ratio_bucket": "5.0+",
    }
    assert taken(Signalling(), market_cap=6e8).entry["mcap_bucket"] == "large"


def test_a_repeated_signal_is_told_by_the_first_ones_seq() -> None:
    """L2: the same id of one source, after a restart too; another source's id is its own."""
    desk = Signalling()
    assert taken(desk).repeat_of == 0
    first = desk.packets(SignalTaken)[0].seq
    desk.restart()
    assert taken(desk).repeat_of == first
    assert taken(desk, ticker="WIF").repeat_of == first
    assert taken(desk, source="elsewhere").repeat_of == 0


def test_only_so_many_ids_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest make room: memory is bounded."""
    monkeypatch.setattr(ingest, "IDS_MAX", 3)
    desk = Signalling()
    for number in range(5):
        desk.put(signal(number, ticker="NOPE"))
    assert list(desk.ingest.state.taken) == ["/s2", "/s3", "/s4"]
    assert taken(desk, number=4).repeat_of > 0
    assert taken(desk, number=0).repeat_of == 0


def test_curators_are_a_table_that_can_be_replaced() -> None:
    """One who is listed has his weight, one who is not active none, one who is unknown the setting's."""
    desk = Signalling()
    curators = desk.ingest.curators
    assert curators.score("ann") == (0.8, True)
    assert curators.score("who") == (0.5, False)
    desk.put(CuratorsChanged((Curator("ann", 0.9, status="paused"), Curator("eve", 0.7))))
    desk.restart()
    curators = desk.ingest.curators
    assert curators.score("ann") == (0.0, True)
    assert curators.score("eve") == (0.7, True)
    assert curators.score("bob") == (0.5, False)


def test_another_desks_signals_are_not_remembered() -> None:
    """Each desk keeps its own ids."""
    desk = Signalling()
    desk.put(signal())
    other = desk.events(SignalTaken)[0]
    fresh = SocialIngest("other", settings_of())
    fresh.remember(other, None)  # type: ignore[arg-type]
    assert fresh.name == "other/social-ingest"
    assert not fresh.state.taken


def test_each_signal_leaves_a_reason_in_the_counters() -> None:
    """P2: why a turn with a signal opened no candidate is counted."""
    desk = Signalling()
    desk.put(signal(1, ticker="NOPE"))
    desk.put(signal(2, curator="bob"))
    desk.put(signal(3))
    desk.put(signal(4, ticker="NOPE"), START + 7_200 * 10**9)
    counts = desk.events(CountersClosed)[0].counts
    assert counts == {"unknown_token": 1, "low_curator_score": 1, "approved": 1}
