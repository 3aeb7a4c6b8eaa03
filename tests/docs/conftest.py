"""The pages of ``docs/`` are walked by ``make docs``, and where they are named.

Walking them takes as long as an operator's week takes without the thinking: a gateway is made,
served, upgraded and restored.
"""

from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave these tests out unless the command line names this directory or a file in it."""
    words = [Path(word.partition("::")[0]) for word in config.invocation_params.args]
    named = any(HERE in (word.absolute(), *word.absolute().parents) for word in words)
    return None if named else True
