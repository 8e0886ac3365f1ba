"""One tree of errors, split by consequence.

    TradeworthyError
    ├── UsageError          the caller asked for something wrong: exit 2
    │   └── NotAvailable    right to ask, but it is not here (data, server, mode): exit 3
    ├── Retryable           the outside world failed; the same call may work later: exit 3
    ├── DeskHalted          one desk may not go on; the others do: exit 1
    ├── AllHalted           nothing may be decided or sent any more: exit 1
    └── Bug                 a state that can't be: a defect of a desk or of this code: exit 1

A message says what happened, the value, the limit and the next step, in one line.
"""

from __future__ import annotations


class TradeworthyError(Exception):
    """The root: `exit_code` is what the command line ends with."""

    exit_code = 1


class UsageError(TradeworthyError):
    """The caller's own mistake: a wrong key, type, path or argument."""

    exit_code = 2


class NotAvailable(UsageError):
    """What was asked for is right but absent here: data, a server, a mode."""

    exit_code = 3


class Retryable(TradeworthyError):
    """The outside world failed; nothing is lost, and the same call may work later."""

    exit_code = 3


class DeskHalted(TradeworthyError):
    """One desk is latched until a person resumes it."""


class AllHalted(TradeworthyError):
    """Everything stops before anything more is sent (disk, fsync, damaged journal)."""


class Bug(TradeworthyError):
    """A state that can't be; the packet and the agent are on record."""
