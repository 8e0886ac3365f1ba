"""The questions before real money, the proofs that answer each, and how a run stands with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Final, NamedTuple

from tradeworthy.proving.evidence_log import Proof

ARBITRAGE, DIVERGENCE, UPTREND = "arbitrage", "divergence", "uptrend"


class Verb(NamedTuple):
    """A proof: its command, what it shows, and of which kinds of desk there is one ("" is a desk of one's own file).

    `of_run`: it is about one run, which it names; `of_configurations`: about those that it names. `judges`: it says yes
    or no.
    """

    name: str
    shows: str
    command: str
    kinds: frozenset[str]
    of_run: bool = False
    of_configurations: bool = False
    judges: bool = True


class Question(NamedTuple):
    """What to ask before real money, and the proofs that answer it."""

    name: str
    short: str
    verbs: tuple[Verb, ...]


_ALL = frozenset({"", ARBITRAGE, DIVERGENCE, UPTREND})
_SPECIFIED = frozenset({DIVERGENCE, UPTREND})

QUESTIONS: Final[tuple[Question, ...]] = (
    Question(
        "Is live doing what the backtest did?",
        "As the backtest",
        (
            Verb(
                "compare",
                "the run beside a backtest of its days, and where the gap of their results comes from",
                "tradeworthy prove compare {run}",
                _ALL,
                of_run=True,
            ),
            Verb(
                "replay",
                "the run's journal alone gives every decision and the digest again, bit for bit",
                "tradeworthy replay {run}",
                _ALL,
                of_run=True,
            ),
        ),
    ),
    Question(
        "Is it what was tested?",
        "What was tested",
        (
            Verb(
                "parity",
                "every way to compute the desks gives the same trades",
                "tradeworthy prove parity CONFIG --feed simulator --duration 864000",
                _SPECIFIED,
            ),
            Verb(
                "audit",
                "two configurations differ only where that is allowed",
                "tradeworthy prove audit A B",
                _ALL,
                of_configurations=True,
            ),
            Verb(
                "lookahead",
                "what is changed in the future changes nothing that was known before",
                "tradeworthy prove lookahead CONFIG --feed recorded:DIR",
                frozenset({"", DIVERGENCE, UPTREND}),
            ),
            Verb(
                "reference",
                "what the batch engine made is frozen, to be compared with later",
                "tradeworthy prove reference CONFIG --out DIR",
                frozenset({DIVERGENCE}),
                judges=False,
            ),
        ),
    ),
    Question(
        "What if I pull the plug?",
        "The plug",
        (
            Verb(
                "preflight",
                "eight fault drills: kills, failed writes, flipping postures, memory, reset",
                "tradeworthy prove preflight CONFIG --full",
                frozenset({DIVERGENCE}),
            ),
        ),
    ),
    Question(
        "Does every packet arrive?",
        "Every packet",
        (
            Verb(
                "flow",
                "packets put into running sessions, followed to their rows in the database",
                "tradeworthy prove flow --all",
                frozenset({UPTREND}),
            ),
        ),
    ),
    Question(
        "How good are its figures?",
        "Its figures",
        (
            Verb(
                "calibration",
                "figures that the desks rest on, scored on recorded data",
                "tradeworthy prove calibration CONFIG",
                frozenset({ARBITRAGE, DIVERGENCE}),
                judges=False,
            ),
            Verb(
                "shadow",
                "two configurations on the same data, and where they part",
                "tradeworthy prove shadow CONFIG_A CONFIG_B",
                frozenset({UPTREND}),
                judges=False,
            ),
            Verb(
                "day",
                "a paper day with all files, beside the history",
                "tradeworthy prove day CONFIG DATE",
                frozenset({DIVERGENCE}),
            ),
        ),
    ),
    Question(
        "Is it ready?",
        "Ready",
        (
            Verb(
                "sign-off",
                "the list of production fidelity, line by line, with evidence",
                "tradeworthy prove sign-off DIR",
                _ALL,
            ),
        ),
    ),
)


class State(StrEnum):
    """How a proof, or a question, stands with the shown run."""

    FAILED = "failed"
    STALE = "stale"
    OPEN = "open"
    NOT_PROVEN = "not proven"
    MEASURED = "measured"
    PROVEN = "proven"
    NOT_APPLICABLE = "does not apply"


class Subject(NamedTuple):
    """The shown run, as proofs are held against it: name, decision hash, configuration, and the kinds of its desks."""

    run: str
    decision_hash: str
    configuration: str
    kinds: frozenset[str]


class Standing(NamedTuple):
    """A verb and how it stands: `proofs` are the newest of each subject, the one that counts at the head."""

    verb: Verb
    state: State
    proofs: tuple[Proof, ...]


def applies(verb: Verb, subject: Subject) -> bool:
    """Whether there is such a proof of one of the run's desks."""
    return bool(verb.kinds & subject.kinds) or not subject.kinds


def concerns(proof: Proof, verb: Verb, subject: Subject) -> bool:
    """Whether `proof` says anything of the run: of another run, or of two other configurations, it says nothing."""
    if verb.of_run:
        return proof.subject == subject.run
    return not verb.of_configurations or _is_own(proof, subject)


def _is_own(proof: Proof, subject: Subject) -> bool:
    """By the names that configurations give themselves; of proofs without them by those of the files."""
    named = proof.figures.get("configurations") or [
        word.removesuffix(".toml") for word in proof.subject.split()
    ]
    return subject.configuration in named


def standing_of(verb: Verb, newest: Sequence[Proof], subject: Subject) -> Standing:
    """How `verb` stands, given its newest proof of each subject.

    Only those count that concern the run. Its own code goes before other code, and its configuration before others; of
    these one that failed counts before what passed, and then the newest.
    """
    about = [one for one in newest if concerns(one, verb, subject)]

    def distance(one: Proof) -> tuple[bool, bool, bool]:
        is_other_code = one.decision_hash != subject.decision_hash
        return is_other_code, not _is_own(one, subject), one.passed is not False

    ordered = sorted(about, key=distance)
    others = [one for one in newest if one not in about]
    if not applies(verb, subject):
        return Standing(verb, State.NOT_APPLICABLE, (*ordered, *others))
    if not ordered:
        return Standing(verb, State.NOT_PROVEN, tuple(others))
    return Standing(verb, state_of(ordered[0], verb, subject), (*ordered, *others))


def state_of(proof: Proof, verb: Verb, subject: Subject) -> State:
    """How one proof stands with the run: of other code than the run's it is stale, whatever it found."""
    if proof.decision_hash != subject.decision_hash:
        return State.STALE
    if proof.passed is None:
        return State.OPEN if verb.judges else State.MEASURED
    return State.PROVEN if proof.passed else State.FAILED


def question_state(standings: Iterable[Standing]) -> State:
    """How a question stands: the worst of its proofs that apply; proven if each one that judges is."""
    states = [one.state for one in standings if one.state is not State.NOT_APPLICABLE]
    if not states:
        return State.NOT_APPLICABLE
    worst = min(states, key=list(State).index)
    if worst is State.MEASURED and State.PROVEN in states:
        return State.PROVEN
    return worst


def standings_of(
    newest: Mapping[str, Sequence[Proof]], subject: Subject
) -> list[tuple[Question, list[Standing]]]:
    """Every question with how its proofs stand."""
    return [
        (question, [standing_of(verb, newest.get(verb.name, ()), subject) for verb in question.verbs])
        for question in QUESTIONS
    ]
