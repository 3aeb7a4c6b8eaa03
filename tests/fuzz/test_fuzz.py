"""Any input is answered or refused as planned: a short look here, minutes by ``make fuzz``.

``KPS_FUZZ_SECONDS`` says how long each target is fed.  What breaks one is written to ``kept/`` (by
its SHA-256) and is from then on among the inputs that are tried first.
"""

import gc
import hashlib
import os
import resource
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from fuzz.mutations import bytes_like
from fuzz.targets import Target, every_target

KEPT = Path(__file__).with_name("kept")
NAMES = ("public", "direct", "issuer", "routing", "headers", "signed", "agreement", "console")
SECONDS = int(os.environ.get("KPS_FUZZ_SECONDS", "0"))
SMOKE_EXAMPLES = 30
GROWTH_BYTES_MAX = 48 * 1024 * 1024


@pytest.fixture(scope="module")
def targets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Target]]:
    with every_target(tmp_path_factory.mktemp("fuzz")) as found:
        yield found


def kept(name: str) -> list[bytes]:
    return [file.read_bytes() for file in sorted((KEPT / name).glob("*.bin"))]


def keeping(target: Target) -> Callable[[bytes], None]:
    """The target, which writes down what breaks it."""

    def run(content: bytes) -> None:
        try:
            target.run(content)
        except Exception:
            (KEPT / target.name).mkdir(exist_ok=True)
            digest = hashlib.sha256(content).hexdigest()[:16]
            (KEPT / target.name / f"{digest}.bin").write_bytes(content)
            raise

    return run


def feed(target: Target, number: int, examples: int) -> None:
    """A round of inputs; the same number makes the same round."""

    @seed(number)
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        # A kept input is small enough to be read; shrinking a find takes longer than finding it.
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(bytes_like([*target.seeds, *kept(target.name)]))
    def round_of(content: bytes) -> None:
        keeping(target)(content)

    round_of()


def memory_bytes() -> int:
    """What this process holds in memory now; its highest mark where the system tells no more."""
    gc.collect()
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * resource.getpagesize()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


@pytest.mark.parametrize("name", NAMES)
def test_every_input_that_was_kept_is_answered_or_refused(
    targets: dict[str, Target], name: str
) -> None:
    # The corpus has tests of its own; of the seeds the first shows that a target works.
    for content in (targets[name].seeds[0], *kept(name)):
        targets[name].run(content)


@pytest.mark.parametrize("name", NAMES)
def test_any_input_is_answered_or_refused_and_nothing_grows(
    targets: dict[str, Target], name: str
) -> None:
    target = targets[name]
    feed(target, 0, SMOKE_EXAMPLES)
    before, ends, number = memory_bytes(), time.monotonic() + SECONDS, 1
    while time.monotonic() < ends:
        feed(target, number, 500)
        number += 1
    assert memory_bytes() - before < GROWTH_BYTES_MAX


def test_every_target_has_its_name(targets: dict[str, Target]) -> None:
    assert tuple(targets) == NAMES
