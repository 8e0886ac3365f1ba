"""Candidates and their one verdict each."""

import pytest

from tradeworthy.core.candidates import CandidateBook, OpenCandidate, Outcome, Verdict
from tradeworthy.core.errors import Bug


def verdict(seq: int, desk: str = "d") -> Verdict:
    """A verdict on `seq`."""
    return Verdict(seq, desk, Outcome.FILLED, "target", 1.0)


@pytest.fixture
def book() -> CandidateBook:
    """Candidates 3 and 5 of desk d are open."""
    book = CandidateBook()
    book.add(3, "d", 100)
    book.add(5, "d", 110)
    return book


def test_a_verdict_closes_its_candidate_only(book: CandidateBook) -> None:
    """P2: the others stay open."""
    book.close(verdict(3))
    assert book.open == {5: OpenCandidate("d", 110)}


def test_a_second_verdict_is_a_bug(book: CandidateBook) -> None:
    """P2: exactly one verdict each; the message names verdict, desk and candidate."""
    book.close(verdict(3))
    with pytest.raises(Bug, match=r"FILLED target of desk 'd' for candidate 3, which is not open"):
        book.close(verdict(3))


@pytest.mark.parametrize(("seq", "desk"), [(4, "d"), (3, "other")])
def test_a_verdict_on_nothing_is_a_bug(book: CandidateBook, seq: int, desk: str) -> None:
    """A verdict is about an open candidate, of its own desk."""
    with pytest.raises(Bug, match=f"candidate {seq}"):
        book.close(verdict(seq, desk))


def test_the_outcomes_are_those_of_the_design() -> None:
    """Tables, logs and screens spell them like this."""
    assert [*Outcome] == ["FILLED", "SKIPPED", "REJECTED", "EXPIRED", "CANCELLED", "FAILED"]
