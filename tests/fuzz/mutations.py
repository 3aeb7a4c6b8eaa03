"""How inputs are made: a seed, cut, spliced, repeated, flipped, and sprinkled with known words."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

#: What has made a difference to some parser once.
WORDS: tuple[bytes, ...] = (
    *(b"<", b">", b"&", b"'", b'"', b"/>", b"</", b"<!--", b"-->", b"<![CDATA[", b"]]>"),
    *(b"<?x?>", b"<!DOCTYPE a []>", b"&#0;", b"&#x10FFFF;", b"&e;", b"xmlns=''", b"xmlns:s='x'"),
    *(b"\0", b"\r\n", b"\xff", b"\xef\xbb\xbf", b"\xff\xfe", b"\xe2\x80\xa8", b"\xed\xa0\x80"),
    *(b"0", b"-1", b"9223372036854775808", b"1e999", b"NaN", b"true", b"%s", b"{}", b"../"),
    *(b"xsi:nil='true'", b"Id='_0'", b"mustUnderstand='1'", b"#", b"=", b"[", b"]", b"[[", b"]]"),
    *(b"'''", b'"""', b"\\u0000", b"2026-02-30", b"12:61:61Z", "İ".encode(), "ı".encode()),
)


def _edit(content: bytes, kind: int, where: int, length: int, word: bytes) -> bytes:
    where %= len(content) + 1
    if kind == 0:
        return content[:where] + word + content[where:]
    if kind == 1:
        return content[:where] + content[where + length :]
    if kind == 2:
        return content[:where] + word + content[where + length :]
    if kind == 3 and where < len(content):
        flipped = bytes([content[where] ^ (1 << (length % 8))])
        return content[:where] + flipped + content[where + 1 :]
    if kind == 4:
        return content[: where + length] + content[where : where + length] + content[where:]
    return content[:where]


def bytes_like(seeds: Sequence[bytes]) -> st.SearchStrategy[bytes]:
    """Inputs that resemble the seeds, more or less."""
    edits = st.lists(
        st.tuples(
            st.integers(0, 5),
            st.integers(0, 1 << 16),
            st.integers(1, 40),
            st.one_of(st.sampled_from(WORDS), st.binary(max_size=8)),
        ),
        min_size=1,
        max_size=6,
    )

    def apply(seed: bytes, changes: list[tuple[int, int, int, bytes]]) -> bytes:
        for change in changes:
            seed = _edit(seed, *change)
        return seed[:140_000]

    return st.builds(apply, st.sampled_from(list(seeds)), edits)
