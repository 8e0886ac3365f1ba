"""Long paths are folded: nothing is lost, and what is left can be looked at."""

from hypothesis import given
from hypothesis import strategies as st

from tradeworthy.web.pages.trace.folding import NODES_MAX, Folded, folded
from tradeworthy.web.pages.trace.steps import Lane, Step

KINDS = "abcdefgh"


def steps_of(types: str) -> list[Step]:
    """A step of each letter's type, a second apart."""
    return [
        Step(seq, seq - 1, 1, seq * 1_000_000, "agent", kind, {}, Lane.DESK)
        for seq, kind in enumerate(types, 1)
    ]


def type_of(step: Step) -> str:
    """What is folded with its like."""
    return step.type


def seqs(nodes: list[Folded]) -> list[int]:
    """All steps that the nodes stand for, in order."""
    return [step.seq for node in nodes for step in node.steps]


@given(st.text(KINDS, max_size=700))
def test_no_step_is_lost_or_moved(types: str) -> None:
    """However long a path is, each of its steps is in one node, and there are at most NODES_MAX."""
    steps = steps_of(types)
    nodes = folded(steps, (type_of,), lambda step: step.type == "h")
    assert seqs(nodes) == [step.seq for step in steps]
    assert len(nodes) <= NODES_MAX


def test_five_hundred_packets_are_readable() -> None:
    """Windows that close and resolve again and again become one node with its count."""
    nodes = folded(steps_of("a" + "bc" * 249 + "z"), (type_of,))
    assert [node.packets for node in nodes] == [1, 498, 1]
    assert dict(nodes[1].types()) == {"b": 249, "c": 249}


def test_a_short_path_is_left_alone() -> None:
    """Repeats too: there is room for them."""
    steps = steps_of("aaaa" * 10)
    assert [node.first for node in folded(steps, (type_of,))] == steps


def test_coarser_kinds_are_folded_only_where_finer_ones_do_not_suffice() -> None:
    """Reasons are kept apart as long as there is room."""
    steps = steps_of("ab" * 40)
    assert [node.packets for node in folded(steps, (type_of,))] == [80]
    one_kind = folded(steps, (lambda step: f"{step.seq}", lambda _: "any"))
    assert [node.packets for node in one_kind] == [80]


def test_chapters_end_with_milestones() -> None:
    """Where nothing repeats, all between two ends of trades is one node, and the ends stay."""
    letters = [chr(0x4E00 + number) for number in range(120)]
    for place in (20, 50, 80, 110):
        letters[place] = "!"
    nodes = folded(steps_of("".join(letters)), (type_of,), lambda step: step.type == "!")
    assert [node.packets for node in nodes if node.first.type == "!"] == [1, 1, 1, 1]
    assert [node.packets for node in nodes[20:27]] == [1, 29, 1, 29, 1, 29, 1]


def test_a_kind_without_a_name_is_not_folded_with_its_like() -> None:
    """An empty key keeps a step by itself as long as it can."""
    nodes = folded(steps_of("a" * 60), (lambda _: "",))
    assert [node.packets for node in nodes].count(1) == NODES_MAX - 1
