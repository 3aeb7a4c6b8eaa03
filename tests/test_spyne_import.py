"""Spyne imports on every Python without a warning, and prints nobody's request."""

import importlib
import logging
import logging.config
import math
import subprocess
import sys

import pytest

from kps_soap import spyne_import


def test_spyne_imports_in_a_fresh_process_where_every_warning_is_an_error() -> None:
    code = "import kps_soap.spyne_import, spyne; print(spyne.__version__)"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "2.14.0", "")


def test_names_of_six_that_spyne_asks_for_are_the_real_ones() -> None:
    borrowed = importlib.import_module("spyne.util.six.moves.urllib.parse")
    assert borrowed.quote("ş") == "%C5%9F"
    assert importlib.import_module("spyne.util.six.moves").range is range


def test_no_other_module_is_answered_for() -> None:
    finder = next(one for one in sys.meta_path if type(one).__name__ == "_MovesFinder")
    assert finder.find_spec("spyne.util.sixty", None) is None
    assert finder.find_spec("six.moves", None) is None
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("spyne.util.six.moves.no_such_module")


def test_installing_again_changes_nothing() -> None:
    before = list(sys.meta_path)
    spyne_import.install()
    assert sys.meta_path == before
    assert not [one for one in sys.meta_path if getattr(one, "name", "") == "spyne.util.six"]


def test_spyne_collects_no_garbage_of_its_own() -> None:
    interval = importlib.import_module("spyne.const").MIN_GC_INTERVAL
    assert math.isinf(interval)


@pytest.mark.parametrize(
    "name",
    [
        "spyne.application",
        "spyne.application.server",
        "spyne.protocol.xml.invalid",
        "spyne.protocol.soap.soap11.invalid",
    ],
)
def test_loggers_that_print_requests_are_silent_whatever_is_configured(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, logger=name):
        logging.getLogger(name).critical("Password %s", "gizli")
    assert caplog.records == []
    logging.config.dictConfig(
        {"version": 1, "disable_existing_loggers": False, "loggers": {name: {"level": "DEBUG"}}}
    )
    with caplog.at_level(logging.DEBUG):
        logging.getLogger(name).critical("Password %s", "gizli")
    assert caplog.records == []
