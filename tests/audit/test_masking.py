"""What is shown of a message: everything but the secrets in it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kps_soap.audit.masking import masked

WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"


def message(secret: str, *, attributes: str = "", prefix: str = "o:") -> str:
    declared = f'xmlns:o="{WSSE}"' if prefix else f'xmlns="{WSSE}"'
    return (
        f'<?xml version="1.0"?>\n<{prefix}UsernameToken {declared}>'
        f"<{prefix}Username>KRM-34-0417</{prefix}Username>"
        f"<{prefix}Password{attributes}>{secret}</{prefix}Password>"
        f"</{prefix}UsernameToken>"
    )


@pytest.mark.parametrize("prefix", ["o:", ""])
@pytest.mark.parametrize("attributes", ["", ' Type="a>b"', " Type = '>' x='1'", "\n\t"])
@pytest.mark.parametrize(
    "secret", ["gizli", "ş<![CDATA[x</Password>]]>", "a<!-- b -->c<?p q?>", "<b>x</b><Password/>y"]
)
def test_the_content_of_a_password_is_masked_and_nothing_else(
    secret: str, attributes: str, prefix: str
) -> None:
    whole = message(secret, attributes=attributes, prefix=prefix)
    assert masked(whole.encode()) == message("***", attributes=attributes, prefix=prefix)


def test_a_proof_key_is_masked_too() -> None:
    answer = '<t:Proof xmlns:t="urn:t"><t:BinarySecret Type="x">c2Vjcmpm</t:BinarySecret></t:Proof>'
    assert masked(answer.encode()) == answer.replace("c2Vjcmpm", "***")


def test_every_secret_of_a_message_is_masked() -> None:
    assert masked(b"<a><Password>1</Password><Password>2</Password></a>") == (
        "<a><Password>***</Password><Password>***</Password></a>"
    )


@pytest.mark.parametrize("empty", ["<Password/>", "<Password></Password>", '<Password a="b" />'])
def test_an_empty_password_is_shown_as_it_is(empty: str) -> None:
    assert masked(f"<a>{empty}<b>x</b></a>".encode()) == f"<a>{empty}<b>x</b></a>"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_a_message_in_utf_16_is_shown_as_text(encoding: str) -> None:
    whole = message("ğizli")[len('<?xml version="1.0"?>\n') :]
    content = ("\ufeff" + whole).encode(encoding)
    assert masked(content) == whole.replace("ğizli", "***")


def test_a_byte_order_mark_is_not_shown() -> None:
    assert masked("\ufeff<a>é</a>".encode()) == "<a>é</a>"


@pytest.mark.parametrize(
    ("broken", "shown"),
    [
        ("<a><o:Password>gizli</o:Password>", "<a><o:Password>***</o:Password>"),
        ("<a><Password>gizli", "<a><Password>***"),
        ("<a><Password>gizli</x:Password >&<", "<a><Password>***</x:Password >&<"),
        ('<a><Password Type="x>gizli</Password>', '<a><Password Type="x>***</Password>'),
        ("<a><BinarySecret >gizli</Password></a", "<a><BinarySecret >***"),
        ("no message at all", "no message at all"),
        ("", ""),
        (
            '<!DOCTYPE a [<!ENTITY e "x">]><a><Password>gizli&e;</Password></a>',
            '<!DOCTYPE a [<!ENTITY e "x">]><a><Password>***</Password></a>',
        ),
    ],
)
def test_what_is_no_xml_is_masked_as_far_as_the_element_could_go(broken: str, shown: str) -> None:
    assert masked(broken.encode()) == shown


def test_bytes_that_are_no_text_are_replaced() -> None:
    assert masked(b"<a>\xff</a>") == "<a>\ufffd</a>"


@given(st.text(st.characters(codec="utf-8"), max_size=40), st.integers(0, 400))
def test_no_cut_of_a_message_shows_the_secret(noise: str, cut: int) -> None:
    whole = message("SIR-9f3b") + noise
    assert "SIR-9f3b" not in masked(whole.encode()[:cut])
    assert "SIR-9f3b" not in masked(whole.encode())


def test_a_long_message_of_openings_is_masked_in_time() -> None:
    assert masked(b"<Password " * 13_000).startswith("<Password ")
