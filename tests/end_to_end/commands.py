"""Runs commands in this process."""

from collections.abc import Callable
from pathlib import Path

from click.testing import CliRunner, Result

from kps_soap.cli import main

Command = Callable[..., Result]


def run(*words: str, stdin: str | None = None, **variables: str) -> Result:
    """A command in this process; whatever it did not foresee is raised here."""
    return CliRunner().invoke(
        main, words, input=stdin, env=variables, catch_exceptions=False, prog_name="kps"
    )


def in_home(home: Path) -> Command:
    """Commands in a home."""

    def in_that_home(*words: str, stdin: str | None = None, **variables: str) -> Result:
        return run(*words, stdin=stdin, KPS_HOME=str(home), **variables)

    return in_that_home
