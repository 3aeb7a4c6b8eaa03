"""A site: two gateways behind a proxy, a primary database and its synchronous standby.

Run by ``make multihost`` and by nobody else.  What is missing on this machine is named.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from multihost.databases import programs
from multihost.site import Site


def missing() -> list[str]:
    """What this machine lacks for these tests."""
    lacking = [] if os.geteuid() == 0 else ["root, for network namespaces"]
    lacking += [one for one in ("ip", "nsenter", "setpriv", "haproxy") if not shutil.which(one)]
    if programs() is None:
        lacking.append("PostgreSQL's programs")
    return lacking


@pytest.fixture(scope="package")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The site, which the tests use one after another; the last one breaks it."""
    if lacking := missing():
        pytest.skip(f"missing: {', '.join(lacking)}")
    folder: Path = tmp_path_factory.mktemp("multihost")
    with ExitStack() as stack:
        yield Site.built(folder, stack)
