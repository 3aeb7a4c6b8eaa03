"""The sets in the gateway's database: numbered, archived, and held to their digests."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256

import pytest
from agreement_samples import PLAIN, edited
from office_samples import MOVER, START, Office
from sqlalchemy import delete, text, update

from kps_soap.agreement_models import agreement_files, agreement_in_force, agreement_sets
from kps_soap.agreements import store
from kps_soap.agreements.store import Overtaken, SetUnreadable
from kps_soap.database import writing

SLOWER = edited({"calls_per_second_max = 20": "calls_per_second_max = 10"})


def test_nothing_is_in_force_before_the_first_load(any_office: Office) -> None:
    assert any_office.keeper.newest() is None
    with any_office.engine.connect() as connection:
        assert store.version_at(connection, START) is None
        assert store.versions(connection, limit=5) == []


def test_versions_follow_each_other_and_each_time_has_its_own(any_office: Office) -> None:
    first = any_office.load({"a.toml": PLAIN})
    any_office.clock.advance(60)
    second = any_office.load({"a.toml": SLOWER})
    assert (first.number, second.number) == (1, 2)
    assert any_office.keeper.newest() == second
    assert (second.by, second.reason, second.document) == ("ayse", "deneme", "E-2026/55")
    with any_office.engine.connect() as connection:
        assert store.versions(connection, limit=5) == [second, first]
        moments = [START - timedelta(seconds=1), START, START + timedelta(seconds=59.9)]
        found = [store.version_at(connection, moment) for moment in moments]
        assert found == [None, first, first]
        assert store.version_at(connection, START + timedelta(days=9)) == second
        assert store.find_set(connection, second.digest[:8]) == second.digest


def test_a_set_is_archived_whole_and_a_file_only_once(any_office: Office) -> None:
    public = "# nothing\n" + PLAIN.replace("2026/117", "2026/118").replace("34-0417", "35-0001")
    first = any_office.load({"a.toml": PLAIN, "b.toml": public.replace(".10/32", ".11/32")})
    second = any_office.load({"a.toml": SLOWER})
    contents = any_office.new_keeper().contents(first.digest)
    assert contents["a.toml"] == PLAIN.encode()
    assert any_office.new_keeper().contents(second.digest)["b.toml"] == contents["b.toml"]
    with any_office.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM agreement_files")).scalar() == 3
        files = store.files_of(connection, first.digest)
    assert files["a.toml"] == sha256(PLAIN.encode()).hexdigest()


def test_the_same_set_again_is_a_version_without_another_copy(any_office: Office) -> None:
    first = any_office.load({"a.toml": PLAIN})
    any_office.load({"a.toml": SLOWER})
    third = any_office.load({"a.toml": PLAIN})
    assert (third.number, third.digest) == (3, first.digest)
    with any_office.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM agreement_sets")).scalar() == 2


def change_listing(office: Office, digest: str) -> None:
    with office.engine.begin() as connection:
        mine = agreement_sets.c.digest == digest
        connection.execute(update(agreement_sets).where(mine).values(listing="ab  a.toml\n"))


def change_content(office: Office, _digest: str) -> None:
    with office.engine.begin() as connection:
        connection.execute(update(agreement_files).values(content=SLOWER.encode()))


def lose_content(office: Office, _digest: str) -> None:
    with office.engine.begin() as connection:
        connection.execute(delete(agreement_files))


def lose_set(office: Office, _digest: str) -> None:
    with office.engine.begin() as connection:
        connection.execute(delete(agreement_sets))


@pytest.mark.parametrize(
    ("tamper", "sentence"),
    [
        (change_listing, "listing of the agreement set .* was changed"),
        (change_content, "agreement file .* was changed"),
        (lose_content, "are not in the archive"),
        (lose_set, "is not stored"),
    ],
)
def test_what_was_changed_in_the_archive_is_never_believed(
    office: Office, tamper: Callable[[Office, str], None], sentence: str
) -> None:
    version = office.load({"a.toml": PLAIN})
    tamper(office, version.digest)
    with pytest.raises(SetUnreadable, match=sentence):
        office.new_keeper().compiled(version)


def test_a_digest_must_name_one_stored_set(office: Office) -> None:
    office.load({"a.toml": PLAIN})
    office.load({"a.toml": SLOWER})
    with office.engine.connect() as connection:
        with pytest.raises(SetUnreadable, match="No stored set begins with zz"):
            store.find_set(connection, "zz")
        with pytest.raises(SetUnreadable, match="Several stored sets begin with"):
            store.find_set(connection, "")


def test_a_version_follows_the_one_that_was_seen_or_none(any_office: Office) -> None:
    first = any_office.load({"a.toml": PLAIN})
    for number in (1, 3):
        late = replace(first, number=number)
        with (
            any_office.engine.connect() as connection,
            pytest.raises(Overtaken),
            writing(connection),
        ):
            store.put(connection, late, None)
    assert any_office.keeper.newest() == first


def test_the_row_of_what_is_in_force_is_made_where_it_is_missing(any_office: Office) -> None:
    with any_office.engine.begin() as connection:
        connection.execute(delete(agreement_in_force))
    assert any_office.load({"a.toml": PLAIN}).number == 1
    assert any_office.load({"a.toml": SLOWER}, MOVER).number == 2
