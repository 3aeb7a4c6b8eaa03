"""Bytes on a connection that no HTTP client would send, and what must come of each.

A ``Raw`` case writes pieces and reads until the connection closes or answers stop; it says which
statuses may come, in order.  An empty list means that the connection is closed without a word.
Whatever comes, no request may be heard that its bytes do not plainly say (RFC 9112 §6, §11.2), and
the gateway answers the next caller.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from corpus.world import Message, World

Pieces = Callable[["Good"], list[bytes]]


@dataclass(frozen=True)
class Good:
    """The parts of the good public message."""

    message: Message

    @property
    def body(self) -> bytes:
        return self.message.content

    @property
    def fields(self) -> str:
        return "".join(f"{name}: {value}\r\n" for name, value in self.message.headers)

    def head(self, *lines: str, line: str = "") -> bytes:
        """Request line and headers; ``lines`` are more of them, letter by letter."""
        first = line or f"POST {self.message.target} HTTP/1.1"
        more = "".join(f"{one}\r\n" for one in lines)
        return f"{first}\r\n{self.fields}{more}\r\n".encode("latin-1")

    @property
    def whole(self) -> bytes:
        return self.head(f"Content-Length: {len(self.body)}") + self.body

    def sized(self, length: object) -> bytes:
        return self.head(f"Content-Length: {length}") + self.body

    def chunks(self, *lines: str, size: int = 200) -> bytes:
        head = self.head("Transfer-Encoding: chunked", *lines)
        parts = [self.body[at : at + size] for at in range(0, len(self.body), size)]
        return head + b"".join(b"%x\r\n%b\r\n" % (len(one), one) for one in parts) + b"0\r\n\r\n"


@dataclass(frozen=True)
class Raw:
    """``statuses``: what may come, each a tuple of allowed ones; ``open``: who closes.

    ``half``: the caller stops in the middle and says that nothing more comes.
    """

    name: str
    pieces: Pieces
    statuses: list[tuple[int, ...]] = field(default_factory=list)
    half: bool = False

    def __str__(self) -> str:
        return self.name


OK, BAD, NONE = (200,), (400,), (0, 400)


def good_of(world: World) -> Good:
    return Good(world.good("public"))


def one(make: Callable[[Good], bytes]) -> Pieces:
    return lambda good: [make(good)]


def _lengths() -> list[Raw]:
    """Lengths that are wrong, doubled, or say two things."""
    wrong = {
        "negative": "-1", "plus": "+10", "hexadecimal": "0x10", "letters": "abc", "empty": "",
        "decimal": "1.5", "with-blank": "1 2", "comma-different": "10, 11",
        "twenty-digits": "9" * 20, "forty-digits": "9" * 40, "arabic": "\xd9\xa1",
        "exponent": "1e3", "underscore": "1_0",
    }  # fmt: skip
    raws = [
        Raw(f"length/{name}", lambda good, v=value: [good.sized(v)], [BAD], half=True)
        for name, value in wrong.items()
    ]
    raws += [
        Raw(
            "length/too-short",
            lambda good: [good.sized(len(good.body) - 20)],
            # The message is cut; what is left of it is no request, and ends the connection.
            [BAD],
        ),
        Raw("length/too-long", lambda good: [good.sized(len(good.body) + 20)], [], half=True),
        Raw("length/zero", lambda good: [good.sized(0)], [BAD]),
        Raw("length/none", lambda good: [good.head() + good.body], [BAD]),
        Raw(
            "length/leading-zeros",
            lambda good: [good.sized(f"000{len(good.body)}")],
            [OK],
        ),
        Raw(
            "length/twice-different",
            lambda good: [
                good.head(f"Content-Length: {len(good.body)}", "Content-Length: 5") + good.body
            ],
            [BAD],
        ),
        Raw(
            "length/twice-the-same",
            lambda good: [good.head(*[f"Content-Length: {len(good.body)}"] * 2) + good.body],
            [(200, 400)],
        ),
        Raw("length/past-the-limit", lambda good: [good.sized(10**7)], [(413,)]),
        Raw("length/past-the-limit-by-one", lambda good: [good.sized(131_073)], [], half=True),
    ]
    return raws


def _smuggling() -> list[Raw]:
    """A length and chunks: two readers must never see two different requests."""
    second = b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"

    def both(*lines: str) -> Pieces:
        return lambda good: [good.head(*lines) + b"0\r\n\r\n" + second]

    shapes = {
        "cl-te": ("Content-Length: 6", "Transfer-Encoding: chunked"),
        "te-cl": ("Transfer-Encoding: chunked", "Content-Length: 6"),
        "te-twice": ("Transfer-Encoding: chunked", "Transfer-Encoding: identity"),
        "te-list": ("Transfer-Encoding: identity, chunked", "Content-Length: 6"),
        "te-unknown": ("Transfer-Encoding: xchunked", "Content-Length: 6"),
        "te-capitals": ("Transfer-Encoding: CHUNKED", "Content-Length: 6"),
        "te-tab": ("Transfer-Encoding:\tchunked", "Content-Length: 6"),
        "te-quoted": ('Transfer-Encoding: "chunked"', "Content-Length: 6"),
        "te-gzip": ("Transfer-Encoding: gzip, chunked",),
        "te-last-not-chunked": ("Transfer-Encoding: chunked, gzip",),
        "te-empty": ("Transfer-Encoding:", "Content-Length: 6"),
        "te-vertical-tab": ("Transfer-Encoding: \x0bchunked", "Content-Length: 6"),
        "te-blank-before-colon": ("Transfer-Encoding : chunked", "Content-Length: 6"),
        "cl-blank-before-colon": ("Content-Length : 6",),
        "cl-underscore": ("Content_Length: 6", "Transfer-Encoding: chunked"),
        "cl-line-folded": ("Content-Length:\r\n 6",),
        "te-line-folded": ("Transfer-Encoding:\r\n chunked", "Content-Length: 6"),
        "bare-cr-in-te": ("Transfer-Encoding: chunked\rX: y", "Content-Length: 6"),
        "null-in-te": ("Transfer-Encoding: chunked\0", "Content-Length: 6"),
    }
    return [Raw(f"smuggling/{name}", both(*lines), [NONE]) for name, lines in shapes.items()]


def _chunks() -> list[Raw]:
    def with_chunks(text: bytes) -> Pieces:
        return lambda good: [good.head("Transfer-Encoding: chunked") + text]

    wrong = {
        "no-size": b"\r\nabc\r\n0\r\n\r\n",
        "letters": b"xyz\r\nabc\r\n0\r\n\r\n",
        "negative": b"-3\r\nabc\r\n0\r\n\r\n",
        "plus": b"+3\r\nabc\r\n0\r\n\r\n",
        "prefix": b"0x3\r\nabc\r\n0\r\n\r\n",
        "sixteen-digits": b"ffffffffffffffff\r\nabc",
        "thirty-digits": b"f" * 30 + b"\r\nabc",
        "too-short-data": b"5\r\nabc\r\n0\r\n\r\n",
        "too-long-data": b"2\r\nabc\r\n0\r\n\r\n",
        "no-line-end": b"3\r\nabc0\r\n\r\n",
        "bare-lf": b"3\nabc\n0\n\n",
        "blank-in-size": b"1 2\r\nabc\r\n0\r\n\r\n",
        "null-in-size": b"3\0\r\nabc\r\n0\r\n\r\n",
    }
    raws = [
        Raw(f"chunks/{name}", with_chunks(text), [NONE], half=True) for name, text in wrong.items()
    ]
    raws += [
        Raw("chunks/good", one(lambda good: good.chunks()), [OK]),
        Raw("chunks/of-one-byte", one(lambda good: good.chunks(size=1)), [OK]),
        Raw(
            "chunks/extensions",
            one(lambda good: good.head("Transfer-Encoding: chunked")
                + b"%x;a=b;c\r\n%b\r\n0\r\n\r\n" % (len(good.body), good.body)),
            [OK],
        ),
        Raw(
            "chunks/size-in-capitals-with-zeros",
            one(lambda good: good.head("Transfer-Encoding: chunked")
                + b"000%X\r\n%b\r\n0\r\n\r\n" % (len(good.body), good.body)),
            [OK],
        ),
        Raw(
            "chunks/trailer",
            one(lambda good: good.chunks()[:-2] + b"X-Trailer: 1\r\n\r\n"),
            [OK],
        ),
        Raw(
            "chunks/no-last-chunk",
            one(lambda good: good.chunks()[:-5]),
            [],
            half=True,
        ),
        Raw(
            "chunks/endless-small",
            one(lambda good: good.head("Transfer-Encoding: chunked")
                + b"1\r\na\r\n" * 200_000 + b"0\r\n\r\n"),
            [(413, 400)],
        ),
        Raw(
            "chunks/very-long-extension",
            one(lambda good: good.head("Transfer-Encoding: chunked")
                + b"3;" + b"x" * 200_000 + b"\r\nabc\r\n0\r\n\r\n"),
            [(0, 400, 413)],
        ),
    ]  # fmt: skip
    return raws


PATH = "/Service/KPSPublic.asmx"
LINES = {
    "no-version": f"POST {PATH}",
    "http-0.9": f"GET {PATH} HTTP/0.9",
    "http-3": f"POST {PATH} HTTP/3.0",
    "not-http": f"POST {PATH} ICY/1.1",
    "two-blanks-in-the-path": "POST /a b HTTP/1.1",
    "unknown-method": f"FOO {PATH} HTTP/1.1",
    "lower-case-method": f"post {PATH} HTTP/1.1",
    "no-path": "POST  HTTP/1.1",
    "tls-greeting": "\x16\x03\x01\x02\0",
    "binary": "\x00\x01\x02\x03",
    "version-in-lower-case": f"POST {PATH} http/1.1",
    "null-in-the-path": f"POST {PATH}\0 HTTP/1.1",
    "http-2-preface": "PRI * HTTP/2.0",
    "soap-without-http": "<s:Envelope/>",
    "very-long": f"POST {PATH}?{'x' * 100_000} HTTP/1.1",
    "very-long-method": f"{'X' * 50_000} {PATH} HTTP/1.1",
}
FIELDS = {
    "no-colon": "Accept",
    "no-name": ": x",
    "blank-in-the-name": "Ac cept: x",
    "blank-before-the-colon": "Accept : x",
    "blank-first": " Accept: x",
    "control-in-the-name": "Ac\x01cept: x",
    "null-in-a-value": "X-A: a\0b",
    "bare-cr-in-a-value": "X-A: a\rb",
    "bracket-in-the-name": "X(A): b",
    "letters-beyond-ascii-in-the-name": "X-\xc5\x9e: b",
}
MORE_FIELDS = {
    "folded": "X-A: a\r\n b",
    "folded-content-type": "X-B: 1\r\n\tb",
    "many": "\r\n".join(f"X-{n}: {n}" for n in range(2000)),
    "one-of-16-kib": f"X-A: {'a' * 17_000}",
    "one-of-a-megabyte": f"X-A: {'a' * 1_000_000}",
    "cookie-of-16-kib": f"Cookie: {'a=b; ' * 4000}",
    "a-hundred": "\r\n".join(f"X-{n}: {n}" for n in range(100)),
    "latin-letters": "X-A: \xe7\xf6",
    "two-hosts": "Host: other.example",
    "forwarded": "X-Forwarded-For: 203.0.113.10",
    "upgrade-to-h2c": "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
    "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA",
    "upgrade-to-websocket": "Connection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13",
    "connection-names-a-header": "Connection: close, Content-Type",
    "expect-nothing-known": "Expect: 200-maybe",
    "keep-alive": "Connection: keep-alive\r\nKeep-Alive: timeout=100000",
    "method-override": "X-HTTP-Method-Override: DELETE",
    "rewritten-path": "X-Original-URL: /konsol\r\nX-Rewrite-URL: /konsol",
    "range": "Range: bytes=0-1",
}
LARGE = ("many", "one-of-16-kib", "one-of-a-megabyte", "cookie-of-16-kib")


def line(text: str) -> Pieces:
    return lambda good: [good.head(f"Content-Length: {len(good.body)}", line=text) + good.body]


def _lines() -> list[Raw]:
    """Request lines."""

    raws = [
        Raw(f"line/{name}", line(text), [(0, 400, 404, 405, 414, 431)], half=True)
        for name, text in LINES.items()
    ]
    raws += [
        Raw("line/absolute-form", line(f"POST http://kapi.example{PATH} HTTP/1.1"), [(200, 404)]),
        Raw("line/absolute-form-of-another-host", line(f"POST http://127.0.0.1:9{PATH} HTTP/1.1"),
            [(200, 404)]),
        Raw("line/asterisk", line("OPTIONS * HTTP/1.1"), [(404, 405, 400)]),
        Raw("line/authority", line("CONNECT 127.0.0.1:9 HTTP/1.1"), [(0, 400, 404, 405)],
            half=True),
        Raw("line/http-1.0", line(f"POST {PATH} HTTP/1.0"), [OK]),
        Raw("line/blank-lines-before", one(lambda good: b"\r\n\r\n" + good.whole), [OK]),
        Raw("line/bare-lf", one(lambda good: good.whole.replace(b"\r\n", b"\n", 12)),
            [(0, 200, 400)], half=True),
        Raw("line/bare-cr", one(lambda good: good.whole.replace(b"\r\n", b"\r", 4)), [NONE],
            half=True),
    ]  # fmt: skip
    return raws


def _fields() -> list[Raw]:
    """Headers that are none, and many or large ones."""
    raws = [
        Raw(
            f"field/{name}",
            lambda good, f=text: [good.head(f, f"Content-Length: {len(good.body)}") + good.body],
            # Taken by no reader for another header than its name.
            [(0, 200, 400)],
            half=True,
        )
        for name, text in FIELDS.items()
    ]
    for name, more in MORE_FIELDS.items():
        large = name in LARGE
        allowed = (0, 400, 431) if large else (200, 400) if "folded" in name else (200,)
        raws.append(
            Raw(
                f"field/{name}",
                lambda good, f=more: [
                    good.head(f, f"Content-Length: {len(good.body)}") + good.body
                ],
                [(200, 400)] if name == "two-hosts" else [allowed],
                half=large,
            )
        )
    raws.append(Raw("field/no-host", one(_without_host), [(200, 400)]))
    return raws


def _without_host(good: Good) -> bytes:
    return good.whole.replace(b"Host: kapi.example\r\n", b"")


def _conversations() -> list[Raw]:
    """More than one request on a connection, or less than one."""
    return [
        Raw("talk/two-in-a-row", one(lambda good: good.whole * 2), [OK, OK]),
        Raw("talk/twenty-in-a-row", one(lambda good: good.whole * 20), [OK] * 20),
        Raw("talk/a-good-and-a-broken-one", one(lambda good: good.whole + b"\x00\x01\r\n\r\n"),
            [OK, NONE]),
        Raw("talk/byte-by-byte", lambda good: [bytes([one]) for one in good.whole[:400]]
            + [good.whole[400:]], [OK]),
        Raw("talk/in-two-halves", lambda good: [good.whole[:300], good.whole[300:]], [OK]),
        Raw("talk/half-a-line", one(lambda good: good.whole[:10]), [], half=True),
        Raw("talk/half-the-headers", one(lambda good: good.whole[:90]), [], half=True),
        Raw("talk/half-the-body", one(lambda good: good.whole[:-50]), [], half=True),
        Raw("talk/nothing", one(lambda _good: b""), [], half=True),
        Raw("talk/only-line-ends", one(lambda _good: b"\r\n" * 20), [], half=True),
        Raw("talk/expect-continue", lambda good: [
            good.head("Expect: 100-continue", f"Content-Length: {len(good.body)}"), good.body,
        ], [OK]),
        Raw("talk/expect-continue-too-large", one(lambda good: good.head(
            "Expect: 100-continue", "Content-Length: 10000000")), [(413,)]),
        Raw("talk/body-behind-a-get", one(lambda good: good.head(
            f"Content-Length: {len(good.body)}",
            line="GET /Service/KPSPublic.asmx?op=TCKimlikNoDogrula HTTP/1.1") + good.body), [OK]),
        Raw("talk/get-between", one(lambda good: good.whole
            + b"GET /saglik HTTP/1.1\r\nHost: kapi.example\r\n\r\n" + good.whole),
            [OK, (200, 503), OK]),
        Raw("talk/close-then-more", one(lambda good: good.head(
            "Connection: close", f"Content-Length: {len(good.body)}") + good.body + good.whole),
            [OK]),
        Raw("talk/tls-on-the-plain-port", one(lambda _good: bytes.fromhex(
            "16030100a5010000a10303") + b"\0" * 160), [NONE], half=True),
    ]  # fmt: skip


def every_raw() -> list[Raw]:
    return [*_lengths(), *_smuggling(), *_chunks(), *_lines(), *_fields(), *_conversations()]
