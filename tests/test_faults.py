"""The table of refusals: every class has its sentences, its number and its place in the tree."""

import ast
import inspect
import re

import pytest

from kps_soap import faults
from kps_soap.faults import Layer, Outcome, Refusal


def subclasses_of(kind: type[Refusal]) -> list[type[Refusal]]:
    """All refusals of ``faults.py`` below one, in the order of the file."""
    found = [
        one
        for one in vars(faults).values()
        if inspect.isclass(one) and issubclass(one, kind) and one is not kind
    ]
    return [one for one in found if one.__module__ == faults.__name__]


REFUSALS = subclasses_of(Refusal)
#: What is raised; the others only hold them together.
LEAVES = [one for one in REFUSALS if not subclasses_of(one)]
#: The house's catalogue (domain §2.11): number by class; everything else has none.
NUMBERS = {
    "TooManyCriteria": 103,
    "CriteriaEmpty": 102,
    "ServiceNotGranted": 201,
    "PurposeNotGranted": 202,
    "CaseNumberMissing": 203,
    "InquirerNotAllowed": 204,
    "AgreementNotInForce": 205,
    "NetworkNotAllowed": 206,
    "AddressNotAllowed": 207,
    "NothingFound": 301,
    "QuotaFull": 401,
    "AccessStopped": 402,
    "RegisterUnavailable": 501,
    "EvidenceUnavailable": 502,
    "VersionWithdrawn": 601,
}


def named(kinds: list[type[Refusal]]) -> list[str]:
    return [one.__name__ for one in kinds]


@pytest.mark.parametrize("kind", REFUSALS, ids=named(REFUSALS))
def test_every_refusal_has_a_turkish_and_an_english_sentence(kind: type[Refusal]) -> None:
    refusal = kind()
    for text in (refusal.turkish, refusal.english):
        assert text.endswith("."), text
        assert text == " ".join(text.split())
        assert not re.search(r"[{}\\<>]|%s", text), text
    assert refusal.turkish != refusal.english
    assert not set(refusal.english) & set("çğıöşüÇĞİÖŞÜ")


@pytest.mark.parametrize("kind", LEAVES, ids=named(LEAVES))
def test_whatever_is_raised_says_more_than_that_something_was_refused(kind: type[Refusal]) -> None:
    if not issubclass(kind, faults.SecurityRefused):
        assert kind.turkish != Refusal.turkish
        assert kind.english != Refusal.english


def test_no_two_refusals_say_the_same_but_those_of_security() -> None:
    sentences = [one.turkish for one in LEAVES if not issubclass(one, faults.SecurityRefused)]
    assert len(sentences) == len(set(sentences))


def test_a_security_refusal_does_not_say_which_check_failed() -> None:
    assert faults.SecurityMissing.turkish == faults.StaleMessage.turkish
    assert faults.SecurityMissing.english == faults.StaleMessage.english
    assert faults.SecurityMissing.subcode == faults.StaleMessage.subcode == "InvalidSecurity"
    assert faults.CredentialsRefused.subcode == "FailedAuthentication"


def test_the_numbers_are_those_of_the_catalogue() -> None:
    assert {one.__name__: one.code for one in REFUSALS if one.code} == NUMBERS


@pytest.mark.parametrize(
    ("kind", "layer", "http_statuses"),
    [
        (faults.TransportRefused, Layer.TRANSPORT, {400, 403, 405, 408, 413, 415}),
        (faults.EnvelopeRefused, Layer.FAULT, {500}),
        (faults.SchemaRefused, Layer.FAULT, {500}),
        (faults.VersionWithdrawn, Layer.FAULT, {500}),
        (faults.SecurityRefused, Layer.SECURITY, {500}),
        (faults.AgreementRefused, Layer.RESULT, {200}),
        (faults.ServerRefused, Layer.SERVER, {500, 503}),
    ],
)
def test_every_branch_of_the_tree_is_one_layer_of_the_wire(
    kind: type[Refusal], layer: Layer, http_statuses: set[int]
) -> None:
    branch = [kind, *subclasses_of(kind)]
    assert {one.layer for one in branch} == {layer}
    assert {one.http_status for one in branch} <= http_statuses


def test_only_the_servers_own_trouble_is_not_the_senders() -> None:
    assert {one for one in REFUSALS if not one.sender} == {
        faults.ServerRefused,
        *subclasses_of(faults.ServerRefused),
    }


def test_the_docstring_draws_every_class_at_its_place() -> None:
    tree = (faults.__doc__ or "").partition("    Refusal\n")[2]
    drawn: dict[str, str] = {}
    branch = "Refusal"
    for line in tree.splitlines():
        # What stands behind two blanks is said about the class.
        names = re.findall(r"\b[A-Z][A-Za-z]+\b", line.strip(" │├└─").partition("  ")[0])
        if re.match(r"    [├└]── ", line):
            branch = names[-1]
            drawn.update(dict.fromkeys(names, "Refusal"))
        else:
            drawn.update(dict.fromkeys(names, branch))
    assert drawn == {one.__name__: one.__bases__[0].__name__ for one in REFUSALS}


def test_every_class_of_the_module_is_told_apart_by_its_name_alone() -> None:
    source = ast.parse(inspect.getsource(faults))
    classes = [node.name for node in source.body if isinstance(node, ast.ClassDef)]
    assert len(classes) == len(set(classes))
    assert faults.StaleMessage("x").name == "StaleMessage"


def test_the_detail_is_no_part_of_the_text_that_a_trace_would_print() -> None:
    refusal = faults.SchemaRefused("a private detail")
    assert refusal.detail == "a private detail"
    assert str(refusal) == "SchemaRefused"
    assert "private" not in repr(refusal)


def test_what_the_server_cannot_do_now_says_when_to_come_back() -> None:
    assert faults.RegisterUnavailable().retry_after_s == 5
    assert faults.Overloaded("x").retry_after_s == 1
    assert faults.Overloaded("x", retry_after_s=3).retry_after_s == 3
    assert faults.QuotaFull("x", retry_after_s=3).retry_after_s == 3
    assert faults.QuotaFull("x", retry_after_s=0).retry_after_s == 0
    assert faults.QuotaFull("x").retry_after_s is None


def test_a_withdrawn_version_names_its_replacement() -> None:
    refusal = faults.VersionWithdrawn("x", replacement="2021/04/01")
    assert "2021/04/01" in refusal.turkish
    assert "2021/04/01" in refusal.english
    assert faults.VersionWithdrawn().turkish == "Bu servis sürümü kaldırıldı."


def test_what_a_door_may_echo_travels_beside_the_detail() -> None:
    mismatch = faults.VersionMismatch("x", unverified_namespace="urn:a")
    unknown = faults.NotUnderstood("x", unverified_header=("urn:a", "B"))
    assert mismatch.unverified_namespace == "urn:a"
    assert unknown.unverified_header == ("urn:a", "B")
    assert faults.VersionMismatch().unverified_namespace == ""
    assert faults.NotUnderstood().unverified_header == ("", "")


def test_every_outcome_of_a_criterion_has_its_published_code() -> None:
    assert faults.PUBLISHED_CODE_OF_OUTCOME.keys() == set(Outcome)
    codes = {code for code in faults.PUBLISHED_CODE_OF_OUTCOME.values() if code is not None}
    assert codes <= faults.PUBLISHED_NOTES.keys() == {2, 8, 10}


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (Outcome.OK, None),
        (Outcome.CLOSED, None),
        (Outcome.BAD_NUMBER, 2),
        (Outcome.BAD_DATE, 2),
        (Outcome.NOT_ON_ROSTER, 2),
        (Outcome.NOT_FOUND, 2),
        (Outcome.SEVERAL, 2),
        (Outcome.MISSING, 10),
    ],
)
def test_a_criterions_outcome_shows_as_a_published_code(outcome: Outcome, code: int | None) -> None:
    assert faults.PUBLISHED_CODE_OF_OUTCOME[outcome] == code


def test_result_level_refusals_show_the_published_codes() -> None:
    codes = {one: one.published_code for one in subclasses_of(faults.AgreementRefused)}
    assert codes.pop(faults.CriteriaEmpty) == 10
    assert codes.pop(faults.NothingFound) == 2
    assert set(codes.values()) == {8}
    assert faults.CriteriaEmpty.turkish == faults.PUBLISHED_NOTES[10]
    assert faults.NothingFound.turkish == faults.PUBLISHED_NOTES[2]
