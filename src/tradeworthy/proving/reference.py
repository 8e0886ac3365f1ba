"""A frozen reference: the files of the batch engine with the hashes of all that they rest on, never overwritten."""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from tradeworthy.core.errors import NotAvailable, UsageError
from tradeworthy.proving.parity.batch_path import Batch, run_batch
from tradeworthy.proving.parity.differences import Compared, Difference, Key, Place, Values, compare, date_of
from tradeworthy.proving.parity.outcomes import by
from tradeworthy.proving.parity.pairs import Pair
from tradeworthy.proving.parity.session_path import empty_home
from tradeworthy.proving.subject import Subject, subject_of
from tradeworthy.reporting.reference import write_reference
from tradeworthy.runtime.configuration import Configuration
from tradeworthy.runtime.identity import decision_hash, versions
from tradeworthy.runtime.plan import Plan

MANIFEST = "reference.json"
TABLES = ("bars.csv", "trades.csv", "daily.csv")
SUMMARY = "summary.json"
REFERENCE = "batch engine = frozen reference"
READ_ONLY = 0o444


class Reference(msgspec.Struct, frozen=True):
    """What a reference says of itself: when and of what it was made, and the sha256 of each file by its path."""

    made_at: str
    configuration: str
    configuration_sha256: str
    feed: dict[str, Any]
    seed: int
    first_day: str
    last_day: str
    trades: dict[str, int]
    fingerprint: str
    decision_hash: str
    versions: dict[str, str]
    files: dict[str, str]


def freeze(plan: Plan, out: Path) -> Reference:
    """Compute the desks of `plan`, and freeze their files in the folder `out`, one folder for each desk.

    UsageError if anything stands in `out`: a reference is never overwritten.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(
            f"--out {out} holds something, and a reference is never overwritten: name a new folder"
        )
    with empty_home() as home:
        subject = subject_of(plan, home)
    batch = run_batch(subject, together=True)
    files = write_files(subject, batch, out)
    days = [day.date for one in batch.days.values() for day in one]
    made = Reference(
        datetime.now(UTC).isoformat(timespec="seconds"),
        subject.configuration.name,
        configuration_hash(subject.configuration),
        subject.feed,
        plan.the_seed,
        date_of(min(days)),
        date_of(max(days)),
        {name: len(desk.trades) for name, desk in batch.outcome.desks.items()},
        batch.outcome.fingerprint,
        decision_hash(()),
        versions(),
        files,
    )
    manifest = out / MANIFEST
    manifest.write_bytes(msgspec.json.format(msgspec.json.encode(made), indent=2) + b"\n")
    for path in (manifest, *(out / name for name in files)):
        path.chmod(READ_ONLY)
    return made


def write_files(subject: Subject, batch: Batch, out: Path) -> dict[str, str]:
    """The files of every desk under `out`, and the sha256 of each by its path there."""
    found: dict[str, str] = {}
    for name, desk in subject.desks.items():
        write_reference(out / name, batch.days[name], desk.capital)
        for file in (*TABLES, SUMMARY):
            found[f"{name}/{file}"] = _hash(out / name / file)
    return found


def read_reference(folder: Path) -> Reference:
    """The reference in `folder`; NotAvailable if there is none, UsageError if it can't be read."""
    try:
        return msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Reference)
    except FileNotFoundError:
        raise NotAvailable(f"there is no reference in {folder}: make one with prove reference") from None
    except (OSError, msgspec.DecodeError) as error:
        raise UsageError(f"{folder / MANIFEST} is no reference: {error}") from error


def configuration_hash(configuration: Configuration) -> str:
    """The sha256 of the resolved configuration, without where data lies on this machine."""
    values = configuration.resolved()
    values.pop("data", None)
    return sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def reference_pair(subject: Subject, batch: Batch, folder: Path) -> Pair:
    """The engine's files made again, against those frozen in `folder`, row by row and field by field as text.

    UsageError for a reference of another configuration, data or seed, and for one whose files were changed since.
    """
    began, reference = time.perf_counter(), read_reference(folder)
    _check_same(subject, reference, folder)
    _check_whole(reference, folder)
    compared: list[Compared] = []
    with TemporaryDirectory(prefix="reference-") as made:
        write_files(subject, batch, Path(made))
        for name in subject.desks:
            frozen, anew = folder / name, Path(made) / name
            compared += (_compare_table(name, file, frozen / file, anew / file) for file in TABLES)
            compared.append(_compare_summary(name, frozen / SUMMARY, anew / SUMMARY))
    trades = sum(reference.trades.values())
    note = f"frozen {reference.made_at}, {len(reference.files)} files as their sha256 say"
    return Pair(REFERENCE, tuple(compared), trades, time.perf_counter() - began, note=note)


def _check_same(subject: Subject, reference: Reference, folder: Path) -> None:
    here = configuration_hash(subject.configuration), subject.feed, subject.plan.the_seed
    there = reference.configuration_sha256, reference.feed, reference.seed
    for noun, one, other in zip(("configuration", "data", "seed"), here, there, strict=True):
        if msgspec.json.encode(one) != msgspec.json.encode(other):
            raise UsageError(
                f"the reference in {folder} is of another {noun} ({str(other)[:80]}, here {str(one)[:80]}): compare"
                " like with like"
            )


def _check_whole(reference: Reference, folder: Path) -> None:
    for name, frozen in reference.files.items():
        try:
            found = _hash(folder / name)
        except OSError as error:
            raise UsageError(
                f"the reference's file {folder / name} can't be read: {error.strerror}"
            ) from error
        if found != frozen:
            raise UsageError(
                f"{folder / name} was changed after it was frozen: sha256 {found[:16]}, frozen {frozen[:16]}; get the"
                " file back"
            )


def _compare_table(desk: str, file: str, frozen: Path, made: Path) -> Compared:
    key: Key = {"bars.csv": _bar, "trades.csv": by("entry_at"), "daily.csv": by("date")}[file]

    def where(row: Values, field: str) -> Place:
        if "date" in row:
            return Place(row["date"], int(row.get("bar_idx", 0)))
        late = field.startswith(("exit", "pnl", "fees"))
        return Place(
            row["exit_at" if late else "entry_at"][:10], int(row["exit_bar" if late else "entry_bar"])
        )

    return compare(f"{file} {desk}", [*_rows(frozen)], [*_rows(made)], key, where)


def _bar(row: Values) -> tuple[str, int]:
    return row["date"], int(row["bar_idx"])


def _rows(path: Path) -> Iterator[Values]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _compare_summary(desk: str, frozen: Path, made: Path) -> Compared:
    what, one, other = f"{SUMMARY} {desk}", json.loads(frozen.read_bytes()), json.loads(made.read_bytes())
    differing = [field for field in {**one, **other} if one.get(field) != other.get(field)]
    if not differing:
        return Compared(what, len(one))
    field = differing[0]
    first = Difference(what, "all days", 0, field, repr(one.get(field)), repr(other.get(field)))
    return Compared(what, len(one), len(differing), first)


def _hash(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()
