"""The nodes of a path, and its steps as a list."""

from tests.web.paths import path_of, step
from tradeworthy.web.pages.trace.headline import died_at, headline
from tradeworthy.web.pages.trace.panels import nodes_of, shown, step_entry
from tradeworthy.web.pages.trace.picture import BAD, OPEN

EVIL = "<script>alert(1)</script>"


def test_an_open_candidate_ends_in_an_open_node() -> None:
    """It grows: what is last has not ended."""
    steps = (step(1, "BarClosed"), step(2, "TradeCandidate", kind="entry"))
    path = path_of(*steps, candidate={"verdict": None, "kind": "entry"})
    assert [node.state for node, _ in nodes_of(path)] == ["", OPEN]
    assert "OPEN" in headline(path)


def test_a_lines_cause_is_the_node_that_its_step_was_folded_into() -> None:
    """Cause lines survive folding."""
    steps = [step(seq, "WindowClosed" if seq % 2 else "WindowResolved") for seq in range(1, 101)]
    nodes = [node for node, _ in nodes_of(path_of(*steps, step(101, "TradeClosed", pnl=1, reason="x")))]
    assert [(node.key, node.cause, node.packets) for node in nodes] == [(1, 0, 100), (101, 1, 1)]


def test_fields_are_told_for_people_and_escaped() -> None:
    """Cash as amounts, times as times, nested values in a line, nothing as a dash."""
    assert shown("fee", 10_478_000) == "0.10"
    assert "00:03:36" in shown("ts_event", 1_704_067_416_250_000_000)
    assert shown("skip", "") == "-"
    assert "&lt;script&gt;" in shown("legs", [{"market": EVIL}])
    entry = step_entry(nodes_of(path_of(step(1, "Note", reason=EVIL)))[0][1], path_of(), 0)
    assert "<script>" not in entry
    assert 'id="step-1"' in entry


def test_the_rest_of_an_order_that_was_filled_in_part_is_no_end() -> None:
    """P2: a venue takes back what nobody sells; the candidate ended FILLED, and nothing stopped it."""
    rest = step(2, "OrderObserved", status="CANCELLED", reason="limit_not_reached")
    filled = step(3, "Verdict", outcome="FILLED", reason="partly_filled", share=0.29)
    path = path_of(rest, filled)
    assert died_at(path) is None
    assert BAD not in [node.state for node, _ in nodes_of(path)]
    alone = path_of(rest, step(3, "Verdict", outcome="CANCELLED", reason="limit_not_reached"))
    assert died_at(alone) is rest


def test_nodes_and_fields_speak_no_code() -> None:
    """Names of classes and fields are put in words."""
    ((node, part),) = nodes_of(path_of(step(1, "DataHeard", what="price", name="SOL", count=2)))
    assert (node.label, node.note) == ("Data counted", "SOL, price 2")
    entry = step_entry(part, path_of(), 0)
    assert "DataHeard" not in entry
    assert "client_count" not in step_entry(
        nodes_of(path_of(step(1, "X", client_count=1)))[0][1], path_of(), 0
    )


def test_what_is_folded_has_a_name_that_holds_for_all_of_it() -> None:
    """Orders that were accepted and filled are orders."""
    steps = [step(seq, "OrderObserved", status="FILLED" if seq % 2 else "ACCEPTED") for seq in range(1, 101)]
    assert {node.label for node, _ in nodes_of(path_of(*steps))} == {"Order"}
