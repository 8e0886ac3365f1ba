"""Makes a long path short enough to look at: what repeats is folded into one node that says how often."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from tradeworthy.web.pages.trace.steps import Step

NODES_MAX: Final = 48
"""More than this is no picture any more."""

CYCLE_MAX: Final = 6
HEAD: Final = 16
"""How many nodes at the beginning stay as they are when the middle is folded."""

Key = Callable[[Step], str]


class Folded(NamedTuple):
    """One node: the steps that it stands for, one or many."""

    steps: tuple[Step, ...]

    @property
    def first(self) -> Step:
        """The step that it is known by."""
        return self.steps[0]

    @property
    def packets(self) -> int:
        """How many steps it stands for."""
        return len(self.steps)

    def types(self) -> list[tuple[str, int]]:
        """What it stands for, by type, the most frequent first."""
        return Counter(step.type for step in self.steps).most_common()


def folded(
    steps: Sequence[Step],
    keys: Sequence[Key],
    is_milestone: Callable[[Step], bool] = lambda _: False,
    most: int = NODES_MAX,
) -> list[Folded]:
    """The steps as at most `most` nodes, in order; a step whose key is "" is never folded with a like one.

    Not at all if they are few enough; else repeats of one kind and of cycles of up to CYCLE_MAX kinds, by the first of
    `keys` and then by coarser ones; then all between two milestones; then all between the first nodes and the last.
    """
    nodes = [Folded((step,)) for step in steps]
    for key in keys:
        for length in range(1, CYCLE_MAX + 1):
            if len(nodes) <= most:
                return nodes
            nodes = _cycles(nodes, key, length)
    if len(nodes) > most:
        nodes = _chapters(nodes, is_milestone)
    return nodes if len(nodes) <= most else _ends(nodes, most)


def _chapters(nodes: Sequence[Folded], is_milestone: Callable[[Step], bool]) -> list[Folded]:
    """Milestones as they are, and all between two of them as one node; the first and the last chapter stay whole."""
    marks = [place for place, node in enumerate(nodes) if node.packets == 1 and is_milestone(node.first)]
    if len(marks) < 2:
        return list(nodes)
    found = list(nodes[: marks[0] + 1])
    for begin, end in itertools.pairwise(marks):
        between = tuple(step for node in nodes[begin + 1 : end] for step in node.steps)
        found += [Folded(between), nodes[end]] if between else [nodes[end]]
    return [*found, *nodes[marks[-1] + 1 :]]


def _ends(nodes: Sequence[Folded], most: int) -> list[Folded]:
    """The first HEAD nodes, one for all in the middle, and the last ones."""
    head = min(HEAD, most - 2)
    tail = most - head - 1
    middle = tuple(step for node in nodes[head:-tail] for step in node.steps)
    return [*nodes[:head], Folded(middle), *nodes[-tail:]]


def _cycles(nodes: Sequence[Folded], key: Key, length: int) -> list[Folded]:
    """Runs of the same `length` kinds as one node each."""
    kinds = [_kind(node, key) for node in nodes]
    found, at = list[Folded](), 0
    while at < len(nodes):
        end = at + length
        while kinds[end : end + length] == kinds[at : at + length] and end + length <= len(nodes):
            end += length
        if end > at + length and all(kinds[at : at + length]):
            found.append(Folded(tuple(step for node in nodes[at:end] for step in node.steps)))
            at = end
        else:
            found.append(nodes[at])
            at += 1
    return found


def _kind(node: Folded, key: Key) -> str:
    kinds = [key(step) for step in node.steps]
    return "+".join(sorted(set(kinds))) if all(kinds) else ""
