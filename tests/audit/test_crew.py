"""Tasks are done by several processes, this one among them; results and failures come back."""

import os
from functools import partial

import pytest

from kps_soap.audit.crew import Crew


def process_of(_task: int) -> int:
    return os.getpid()


def doubled(number: int) -> int:
    return number * 2


def failing() -> int:
    raise ValueError("told")


def test_one_job_works_here_and_starts_nobody() -> None:
    with Crew(1) as crew:
        pids = set(crew.run(partial(process_of, number) for number in range(4)))
        assert pids == {os.getpid()}


def test_a_single_task_starts_nobody() -> None:
    with Crew(8) as crew:
        assert list(crew.run([partial(process_of, 1)])) == [os.getpid()]
        assert crew._pool is None


def test_several_jobs_share_the_work_and_lose_none() -> None:
    with Crew(2) as crew:
        assert sorted(crew.run(partial(doubled, number) for number in range(50))) == [
            number * 2 for number in range(50)
        ]
        # The same processes serve a second run.
        pids = set(crew.run(partial(process_of, number) for number in range(20)))
        assert os.getpid() in pids
        assert len(pids) == 2


def test_tasks_are_asked_for_as_they_can_be_begun() -> None:
    asked: list[int] = []

    def tasks():  # type: ignore[no-untyped-def]
        for number in range(100):
            asked.append(number)
            yield partial(doubled, number)

    with Crew(2) as crew:
        results = crew.run(tasks())
        next(results)
        assert len(asked) < 10
        assert len(list(results)) == 99


def test_a_failure_comes_back() -> None:
    with Crew(2) as crew, pytest.raises(ValueError, match="told"):
        list(crew.run([partial(doubled, 1), failing, partial(doubled, 2)]))  # type: ignore[list-item]


def test_nothing_to_do_is_nothing_done() -> None:
    with Crew(4) as crew:
        assert list(crew.run([])) == []
