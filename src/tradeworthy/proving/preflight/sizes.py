"""How much an object holds, counted by what can grow: items of collections, bytes of buffers."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from types import FunctionType, MethodType, ModuleType
from typing import Any

import msgspec
import numpy as np

CLOSED = (str, int, float, complex, bool, type(None), type, ModuleType, FunctionType, MethodType)
"""What holds nothing that grows."""

BYTES = " bytes"
OURS = "tradeworthy."
"""Objects of other packages are not entered."""


def sizes_of(thing: Any, name: str) -> Counter[str]:
    """Items and bytes that can be reached from `thing`, by where they are; what is met twice counts where it was first.

    The items of a collection are one place, `ledger.state.positions[]`; where bytes are counted, it ends in BYTES.
    """
    found: Counter[str] = Counter()
    seen: set[int] = set()
    waiting = deque([(name, thing)])
    while waiting:
        place, one = waiting.popleft()
        if isinstance(one, CLOSED) or id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, bytes | bytearray):
            found[place + BYTES] += len(one)
        elif isinstance(one, np.ndarray | np.generic):
            found[place + BYTES] += one.nbytes
        elif isinstance(one, Mapping | Sequence | AbstractSet | deque):
            found[place] += len(one)
            items = [*one.keys(), *one.values()] if isinstance(one, Mapping) else list(one)
            waiting += ((f"{place}[]", item) for item in items)
        else:
            waiting += ((f"{place}.{field}", value) for field, value in _fields(one))
    return found


def _fields(one: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(one, msgspec.Struct):
        yield from ((field, getattr(one, field)) for field in one.__struct_fields__)
    elif type(one).__module__.startswith(OURS):
        yield from vars(one).items() if hasattr(one, "__dict__") else ()
        slots = [slot for kind in type(one).__mro__ for slot in getattr(kind, "__slots__", ())]
        yield from ((slot, getattr(one, slot)) for slot in slots if hasattr(one, slot))
