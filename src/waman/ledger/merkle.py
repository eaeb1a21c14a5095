"""The Merkle tree of RFC 6962: hashes, roots, inclusion and consistency proofs.

Pure functions on bytes. Proofs are made from ``nodes(level, index)``, the hash of the perfect
subtree that starts at leaf ``index * 2**level``; the verifying half (RFC 9162, sections
2.1.3.2 and 2.1.4.2) shares no code with the half that makes them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256

Nodes = Callable[[int, int], bytes]

HASH_BYTES = 32
PROOF_HASHES_MAX = 63
"""Longest proof accepted: a tree of 2**63 entries."""

EMPTY_ROOT = sha256(b"").digest()


def leaf_hash(entry: bytes) -> bytes:
    """Hash one entry (RFC 6962, 2.1).

    >>> leaf_hash(b"").hex()[:16]
    '6e340b9cffb37a98'
    """
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two children (RFC 6962, 2.1)."""
    return sha256(b"\x01" + left + right).digest()


def fold(hashes: Sequence[bytes]) -> bytes:
    """Return the root above a power-of-two count of neighbouring hashes.

    >>> fold([b"a" * 32]) == b"a" * 32
    True
    """
    assert hashes, "a perfect subtree has at least one leaf"
    assert len(hashes) & (len(hashes) - 1) == 0, f"{len(hashes)} hashes do not fill a subtree"
    row = list(hashes)
    while len(row) > 1:
        row = [sha256(b"\x01" + row[i] + row[i + 1]).digest() for i in range(0, len(row), 2)]
    return row[0]


def root_of(leaves: Sequence[bytes]) -> bytes:
    """Return the root of a list of leaf hashes, by the definition (RFC 6962, 2.1). Slow; the oracle of the rest."""
    n = len(leaves)
    if n < 2:
        return leaves[0] if n else EMPTY_ROOT
    k = _split(n)
    return node_hash(root_of(leaves[:k]), root_of(leaves[k:]))


def root_at(nodes: Nodes, size: int) -> bytes:
    """Return the root of the first ``size`` entries."""
    return _range(nodes, 0, size) if size else EMPTY_ROOT


def prove_inclusion(nodes: Nodes, index: int, size: int) -> list[bytes]:
    """Return the path from leaf ``index`` to the root of ``size`` entries, leaf side first."""
    assert 0 <= index < size, f"entry {index} is not in a tree of {size}"
    path: list[bytes] = []
    low, high = 0, size
    while high - low > 1:
        k = _split(high - low)
        if index < low + k:
            path.append(_range(nodes, low + k, high))
            high = low + k
        else:
            path.append(_range(nodes, low, low + k))
            low += k
    return path[::-1]


def prove_consistency(nodes: Nodes, old: int, new: int) -> list[bytes]:
    """Return the proof that the first ``old`` entries of ``new`` are the tree seen before (RFC 6962, 2.1.2)."""
    assert 0 <= old <= new, f"cannot grow from {old} to {new}"
    if old in (0, new):
        return []
    path: list[bytes] = []
    low, high, whole = 0, new, True
    while old != high:
        k = _split(high - low)
        if old <= low + k:
            path.append(_range(nodes, low + k, high))
            high = low + k
        else:
            path.append(_range(nodes, low, low + k))
            low += k
            whole = False
    if not whole:
        path.append(_range(nodes, low, high))
    return path[::-1]


def verify_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Tell whether ``path`` leads from leaf hash ``leaf`` at ``index`` to ``root`` (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size or len(path) > PROOF_HASHES_MAX:
        return False
    place, last, here = index, size - 1, leaf
    for hash_ in path:
        if last == 0:
            return False
        if place & 1 or place == last:
            here = node_hash(hash_, here)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            here = node_hash(here, hash_)
        place, last = place >> 1, last >> 1
    return last == 0 and here == root


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]) -> bool:
    """Tell whether the tree ``new`` begins with the tree ``old`` (RFC 9162, 2.1.4.2)."""
    if not 0 <= old <= new or len(path) > PROOF_HASHES_MAX:
        return False
    if old in (0, new):
        return not path and (old_root == (new_root if old else EMPTY_ROOT))
    rest = list(path)
    if old & (old - 1) == 0:
        rest.insert(0, old_root)
    if not rest:
        return False
    place, last = old - 1, new - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    first = second = rest[0]
    for hash_ in rest[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            first, second = node_hash(hash_, first), node_hash(hash_, second)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            second = node_hash(second, hash_)
        place, last = place >> 1, last >> 1
    return last == 0 and first == old_root and second == new_root


def _split(n: int) -> int:
    """Return the largest power of two below ``n``."""
    return 1 << (n - 1).bit_length() - 1


def _range(nodes: Nodes, low: int, high: int) -> bytes:
    """Return the hash over leaves low..high, where ``low`` is aligned as RFC 6962 splits."""
    n = high - low
    if n & (n - 1) == 0 and low % n == 0:
        level = n.bit_length() - 1
        return nodes(level, low >> level)
    k = _split(n)
    return node_hash(_range(nodes, low, low + k), _range(nodes, low + k, high))
