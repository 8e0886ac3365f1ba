"""The digest of a session: a BLAKE2b chain that can rest after any packet, and go on elsewhere."""

from hashlib import blake2b

BLOCK = 1 << 16  # bytes that one link of the chain covers

DigestState = tuple[bytes, bytes]  # the chain so far, and the bytes after its last whole block


class Digest:
    """d = H(d, block) over the blocks of the bytes given, however calls cut them; `seed` begins the chain."""

    def __init__(self, seed: bytes) -> None:
        self._chain, self._parts, self._length = blake2b(seed, digest_size=32).digest(), [b""], 0

    def update(self, body: bytes) -> None:
        """Add a record's body."""
        self._parts.append(body)
        self._length += len(body)
        if self._length >= BLOCK:
            self.dump()

    def hex(self) -> str:
        """The digest of all bytes so far, 64 hex digits; more may follow."""
        return blake2b(b"".join(self.dump()), digest_size=32).hexdigest()

    def dump(self) -> DigestState:
        """The state that `load` goes on from."""
        data = b"".join(self._parts)
        whole = len(data) - len(data) % BLOCK
        for at in range(0, whole, BLOCK):
            self._chain = blake2b(self._chain + data[at : at + BLOCK], digest_size=32).digest()
        self.load((self._chain, data[whole:]))
        return self._chain, data[whole:]

    def load(self, state: DigestState) -> None:
        """Stand where `state` was dumped."""
        self._chain, self._parts, self._length = state[0], [state[1]], len(state[1])
