"""The tree: published roots, proofs for every pair of sizes, and that nothing else passes."""

from __future__ import annotations

import tomllib
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from waman.ledger.merkle import (
    EMPTY_ROOT,
    leaf_hash,
    prove_consistency,
    prove_inclusion,
    root_at,
    root_of,
    verify_consistency,
    verify_inclusion,
)
from waman.ledger.tiles import nodes_from, pack_entries, tile_path, tiles_of, unpack_entries

ROOT = Path(__file__).parents[2]
RFC6962 = tomllib.loads((ROOT / "authorities" / "rfc6962.toml").read_text())


def tree(leaves: list[bytes]):
    """Tiles of a tree made by its definition."""

    def read(level: int, n: int) -> list[bytes]:
        span = 256**level
        low, high = n * 256 * span, min((n + 1) * 256 * span, len(leaves) - len(leaves) % span)
        return [root_of(leaves[i : i + span]) for i in range(low, high, span)]

    return nodes_from(read)


def test_roots_are_the_published_ones() -> None:
    leaves = [leaf_hash(bytes.fromhex(x)) for x in RFC6962["leaves_hex"]]
    for size, root in enumerate(RFC6962["roots_hex"], 1):
        assert root_of(leaves[:size]).hex() == root
        assert root_at(tree(leaves), size).hex() == root


def test_consistency_proofs_are_the_published_ones() -> None:
    leaves = [leaf_hash(bytes.fromhex(x)) for x in RFC6962["leaves_hex"]]
    for case in RFC6962["consistency"]:
        path = prove_consistency(tree(leaves), case["old"], case["new"])
        assert [h.hex() for h in path] == case["path_hex"]


def test_every_proof_up_to_seventy_entries_verifies_and_no_shifted_one_does() -> None:
    leaves = [leaf_hash(bytes([i])) for i in range(70)]
    roots = [root_of(leaves[:n]) for n in range(71)]
    nodes = tree(leaves)
    for size in range(1, 71):
        for index in range(0, size, 3):
            path = prove_inclusion(nodes, index, size)
            assert verify_inclusion(leaves[index], index, size, path, roots[size])
            assert not verify_inclusion(leaves[index], index + 1, size, path, roots[size])
            assert not verify_inclusion(leaves[index], index, size, [*path, EMPTY_ROOT], roots[size])
        for old in range(size + 1):
            path = prove_consistency(nodes, old, size)
            assert verify_consistency(old, size, roots[old], roots[size], path)
            if 0 < old < size:
                assert not verify_consistency(old, size, roots[old - 1], roots[size], path)
                assert not verify_consistency(old, size, roots[old], roots[size - 1], path)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 2000), st.data())
def test_a_changed_hash_in_a_proof_never_passes(size: int, data: st.DataObject) -> None:
    leaves = [leaf_hash(i.to_bytes(2, "big")) for i in range(size)]
    index = data.draw(st.integers(0, size - 1))
    path, root = prove_inclusion(tree(leaves), index, size), root_of(leaves)
    assert verify_inclusion(leaves[index], index, size, path, root)
    if path:
        at = data.draw(st.integers(0, len(path) - 1))
        path[at] = bytes(32)
        assert not verify_inclusion(leaves[index], index, size, path, root)


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_bundles_round_trip(entries: list[bytes]) -> None:
    assert unpack_entries(pack_entries(entries)) == entries


def test_tile_names_follow_the_specification() -> None:
    assert tile_path(0, 1234067) == "tile/0/x001/x234/067"
    wide = {}
    for level, _, width in tiles_of(70_000):
        wide.setdefault(level, []).append(width)
    assert (len(wide[0]), wide[0][-1], wide[1], wide[2]) == (274, 112, [256, 17], [1])
