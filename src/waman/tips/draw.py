"""Coins that can be proven: commit to a seed, let the ledger's own head mix in, reveal after the outcome.

coins = PRF(seed, root of the tree that holds the commitment). Neither the officer (who cannot foresee
the salts of the entry that commits) nor the ledger's keeper (who does not know the seed) chooses
them alone; one person who is both could, which a witness between commitment and draw makes visible only in time.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

_CONTEXT = b"waman/tip-draw/v1"
_RESOLUTION_BITS = 53


@dataclass(frozen=True, slots=True)
class Seed:
    """A secret for one tip; both halves are shown at the reveal."""

    seed: str
    nonce: str

    def __repr__(self) -> str:
        return "Seed(hidden)"

    def commitment(self, tip: str) -> str:
        """Return the digest that is recorded before any message leaves."""
        return hashlib.sha256("\n".join(["waman/tip-seed/v1", tip, self.seed, self.nonce]).encode()).hexdigest()


def new_seed() -> Seed:
    """Make a seed from the machine's randomness."""
    return Seed(secrets.token_hex(32), secrets.token_hex(16))


def coins(seed: Seed, tip: str, root_hex: str, share: Mapping[str, float]) -> dict[str, bool]:
    """Return each unit's coin: true with its own probability, the same for everybody who has the inputs.

    >>> coins(Seed("00", "11"), "T1", "aa", {"u1": 0.5, "u2": 0.5})
    {'u1': False, 'u2': True}
    """
    key = bytes.fromhex(seed.seed)
    return {unit: _uniform(key, tip, root_hex, unit) < chance for unit, chance in sorted(share.items())}


def variant(seed: Seed, tip: str, root_hex: str, unit: str, variants: int) -> int:
    """Return which of ``variants`` versions a unit gets, uniform (bias below 1e-12)."""
    return int(_uniform(bytes.fromhex(seed.seed), tip, root_hex, "variant/" + unit) * variants)


def _uniform(key: bytes, tip: str, root_hex: str, unit: str) -> float:
    text = b"\n".join([_CONTEXT, tip.encode(), root_hex.encode(), unit.encode()])
    return (int.from_bytes(hmac.digest(key, text, "sha256")[:8], "big") >> 11) / (1 << _RESOLUTION_BITS)
