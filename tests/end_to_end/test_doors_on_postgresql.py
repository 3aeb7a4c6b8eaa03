"""The doors once more, with register and evidence in PostgreSQL: the same tests over again."""

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.waits import copy_accounts
from end_to_end.running import Served, kps, make_home, serving
from end_to_end.test_client_routing import (  # noqa: F401
    test_a_message_id_of_the_callers_own_stands_on_the_record,
    test_a_token_opens_the_routing_door,
    test_answers_are_proven_where_the_agreement_has_them_signed,
    test_blocking_an_account_ends_its_token_at_once,
    test_both_doors_say_the_same,
    test_calls_of_an_event_loop_run_side_by_side,
    test_whoever_may_have_no_token_is_told_so,
)
from end_to_end.test_direct_answers import (  # noqa: F401
    test_a_batch_is_answered_position_by_position,
    test_a_birth_date_is_demanded_from_2021_on,
    test_an_agreement_s_no_is_an_answer_with_our_sentence,
    test_dictionaries_answer_and_say_what_is_missing,
    test_no_record_and_a_wrong_birth_date_are_one_answer,
    test_religion_is_shown_to_the_one_institution_with_a_second_grant,
    test_too_many_criteria_refuse_the_whole_call,
)
from end_to_end.test_direct_documents import (  # noqa: F401
    test_the_health_page_says_ready_and_synthetic,
)
from end_to_end.test_direct_door import (  # noqa: F401
    test_answers_notes_and_faults_are_proven_by_three_verifiers,
    test_nobody_learns_from_a_fault_whether_an_account_exists,
    test_the_receipt_names_the_question_the_answer_and_what_is_withheld,
)
from end_to_end.test_golden_personas import *  # noqa: F403
from end_to_end.test_kept_receipts import *  # noqa: F403
from end_to_end.test_repetitions import *  # noqa: F403
from end_to_end.test_routing_by_hand import *  # noqa: F403
from kps_soap.settings import render


@pytest.fixture(scope="module")
def gateway(new_postgresql: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A demo home whose databases are in PostgreSQL, served by two workers."""
    home: Path = make_home(tmp_path_factory.mktemp("postgresql") / "home")
    settings = home / "kps.toml"
    values = tomllib.loads(settings.read_text(encoding="utf-8"))
    urls = {"gateway_url": new_postgresql, "register_url": new_postgresql}
    settings.write_text(render(values | urls), encoding="utf-8")
    copy_accounts(home, new_postgresql)
    made = kps("population", "make", new_postgresql, "--persons", "1000", "--date", "2026-01-01")
    assert made.returncode == 0, made.stderr
    with serving(home) as served:
        yield served
