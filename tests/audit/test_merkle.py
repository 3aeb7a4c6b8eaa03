"""Merkle trees: the published vectors of Certificate Transparency, and the RFC's own definition."""

from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kps_soap.audit import merkle
from kps_soap.audit.merkle import PathRefused, Root, Tree, leaf_hash, node_hash, root_by_path

#: The inputs and roots with which implementations of RFC 6962 test themselves.
LEAVES = [
    bytes.fromhex(text)
    for text in (
        *("", "00", "10", "2021", "3031", "40414243", "5051525354555657"),
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
#: Position, size, and the path of that leaf.
PATHS = [
    (
        *(0, 8),
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ),
    (
        *(5, 8),
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ),
    (*(2, 3), "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"),
    (
        *(1, 5),
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ),
]


def defined_root(contents: list[bytes]) -> bytes:
    """RFC 6962 §2.1, word by word."""
    if not contents:
        return sha256(b"").digest()
    if len(contents) == 1:
        return leaf_hash(contents[0])
    k = split(len(contents))
    return node_hash(defined_root(contents[:k]), defined_root(contents[k:]))


def defined_path(m: int, contents: list[bytes]) -> list[bytes]:
    """RFC 6962 §2.1.1, word by word."""
    if len(contents) == 1:
        return []
    k = split(len(contents))
    if m < k:
        return [*defined_path(m, contents[:k]), defined_root(contents[k:])]
    return [*defined_path(m - k, contents[k:]), defined_root(contents[:k])]


def split(n: int) -> int:
    """The largest power of two below n."""
    return 1 << (n - 1).bit_length() - 1


@pytest.mark.parametrize("size", range(9))
def test_the_roots_are_the_published_ones(size: int) -> None:
    assert merkle.root_of(LEAVES[:size]).hex() == ROOTS[size]
    assert Tree(map(leaf_hash, LEAVES[:size])).root().hex() == ROOTS[size]


@pytest.mark.parametrize(("position", "size", "path"), [(a, b, c) for a, b, *c in PATHS])
def test_the_paths_are_the_published_ones(position: int, size: int, path: list[str]) -> None:
    tree = Tree(map(leaf_hash, LEAVES[:size]))
    assert [step.hex() for step in tree.path(position)] == path
    steps = [bytes.fromhex(step) for step in path]
    root = root_by_path(leaf_hash(LEAVES[position]), position, size, steps)
    assert root.hex() == ROOTS[size]


contents = st.lists(st.binary(max_size=40), max_size=70)


@given(contents)
@settings(deadline=None)
def test_every_way_to_a_root_is_the_rfcs(leaves: list[bytes]) -> None:
    root = defined_root(leaves)
    running, growing = Root(), Tree()
    for position, content in enumerate(leaves):
        running.add(content)
        growing.put(position, leaf_hash(content))
        assert running.value() == growing.root() == defined_root(leaves[: position + 1])
    assert running.size == len(growing) == len(leaves)
    assert merkle.root_of(leaves) == Tree(map(leaf_hash, leaves)).root() == root


@given(contents.filter(bool), st.data())
@settings(deadline=None)
def test_a_path_leads_to_the_root_from_its_own_leaf_only(
    leaves: list[bytes], data: st.DataObject
) -> None:
    size, root = len(leaves), defined_root(leaves)
    position = data.draw(st.integers(0, size - 1))
    tree = Tree(map(leaf_hash, leaves))
    path = tree.path(position)
    assert path == defined_path(position, leaves)
    assert root_by_path(leaf_hash(leaves[position]), position, size, path) == root
    assert root_by_path(leaf_hash(leaves[position] + b"x"), position, size, path) != root
    for wrong in ([*path, bytes(32)], path[:-1] if path else [bytes(32)]):
        with pytest.raises(PathRefused):
            root_by_path(leaf_hash(leaves[position]), position, size, wrong)


@given(contents.filter(bool), st.data())
@settings(deadline=None)
def test_a_leaf_can_be_replaced(leaves: list[bytes], data: st.DataObject) -> None:
    tree = Tree(map(leaf_hash, leaves))
    position = data.draw(st.integers(0, len(leaves) - 1))
    changed = [*leaves]
    changed[position] = b"another"
    tree.put(position, leaf_hash(b"another"))
    assert tree.root() == defined_root(changed)
    assert tree.path(position) == defined_path(position, leaves)


def test_no_position_outside_the_tree() -> None:
    tree = Tree([leaf_hash(b"a")])
    for wrong in (-1, 2):
        with pytest.raises(IndexError):
            tree.put(wrong, leaf_hash(b"b"))
    for wrong in (-1, 1):
        with pytest.raises(IndexError):
            tree.path(wrong)
        with pytest.raises(PathRefused):
            root_by_path(leaf_hash(b"a"), wrong, 1, [])


def test_a_step_that_is_no_hash_is_refused() -> None:
    with pytest.raises(PathRefused):
        root_by_path(leaf_hash(b"a"), 0, 2, [b"short"])


def test_a_leaf_never_passes_for_a_node() -> None:
    pair = leaf_hash(b"a") + leaf_hash(b"b")
    assert leaf_hash(pair) != node_hash(leaf_hash(b"a"), leaf_hash(b"b"))
