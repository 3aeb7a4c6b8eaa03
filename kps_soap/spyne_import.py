"""Makes ``import spyne`` work on every Python that this product supports, and keeps it quiet.

Spyne 2.14.0 carries a copy of ``six`` whose importer Python 3.12 no longer calls; ``install``
answers for those names from the real ``six``.  (``cgi``, gone in 3.13, is needed by Spyne's SOAP
protocols and its WSGI server only, which this product does not import.)  It also stops Spyne's
garbage collection of every second and closes the loggers that print whole requests, passwords
and persons included.

Everything of Spyne is imported from here, so that none of it can be imported too early.  This
module changes no file of Spyne and hides no warning but the few that Spyne's own import gives.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import logging
import math
import sys
import warnings
from collections.abc import Sequence
from types import ModuleType

_BORROWED = "spyne.util.six.moves"
_REAL = "six.moves"

#: Loggers that print requests, arguments, answers or exceptions with values in them.
_TALKATIVE = (
    "spyne.application",
    "spyne.application.client",
    "spyne.application.server",
    "spyne.protocol.soap.soap11",
    "spyne.protocol.soap.soap11.invalid",
    "spyne.protocol.soap.soap12",
    "spyne.protocol.soap.soap12.invalid",
    "spyne.protocol.xml",
    "spyne.protocol.xml.invalid",
    "spyne.server._base",
    "spyne.server.null",
    "spyne.server.wsgi",
)


class _MovesLoader(importlib.abc.Loader):
    """Fills a module of Spyne's ``six.moves`` with whatever the real one holds, when asked."""

    def exec_module(self, module: ModuleType) -> None:
        real = importlib.import_module(_REAL + module.__name__.removeprefix(_BORROWED))

        def __getattr__(name: str) -> object:  # noqa: N807
            return getattr(real, name)

        vars(module)["__getattr__"] = __getattr__


class _MovesFinder(importlib.abc.MetaPathFinder):
    """Finds ``spyne.util.six.moves`` and everything below it, and nothing else."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != _BORROWED and not fullname.startswith(_BORROWED + "."):
            return None
        return importlib.machinery.ModuleSpec(fullname, _MovesLoader(), is_package=True)


def _import_quietly() -> ModuleType:
    """Import Spyne without the warnings that its own source gives, and without no others."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*_SixMetaPathImporter", ImportWarning)
        warnings.filterwarnings("ignore", "invalid escape sequence", SyntaxWarning)
        importlib.import_module("spyne.protocol.xml")
        importlib.import_module("spyne.server.null")
        return importlib.import_module("spyne.const")


def _says_nothing(_: logging.LogRecord) -> bool:
    """A filter that lets nothing pass.

    Levels and the ``disabled`` flag are reset by ``logging.config``; a filter stays.
    """
    return False


def _is_dead_importer(finder: object) -> bool:
    """Whether this is the importer of Spyne's own ``six``, which nobody needs any more."""
    return (
        type(finder).__name__ == "_SixMetaPathImporter"
        and getattr(finder, "name", "") == "spyne.util.six"
    )


def install() -> None:
    """Make Spyne importable and silent.  Doing it again changes nothing."""
    if any(isinstance(finder, _MovesFinder) for finder in sys.meta_path):
        return
    sys.meta_path.insert(0, _MovesFinder())
    const = _import_quietly()
    sys.meta_path[:] = [finder for finder in sys.meta_path if not _is_dead_importer(finder)]
    const.MIN_GC_INTERVAL = math.inf  # type: ignore[attr-defined]
    for name in _TALKATIVE:
        logging.getLogger(name).addFilter(_says_nothing)


install()

from spyne import (  # noqa: E402
    Application,
    ComplexModel,
    EventManager,
    MethodContext,
    ProtocolContext,
    Service,
    rpc,
)
from spyne.error import ResourceNotFoundError  # noqa: E402
from spyne.model import Boolean, ByteArray, DateTime, Enum, Int, Long, Unicode  # noqa: E402
from spyne.model.enum import EnumBase  # noqa: E402
from spyne.protocol.xml import XmlDocument  # noqa: E402
from spyne.server import ServerBase  # noqa: E402

__all__ = [
    "Application",
    "Boolean",
    "ByteArray",
    "ComplexModel",
    "DateTime",
    "Enum",
    "EnumBase",
    "EventManager",
    "Int",
    "Long",
    "MethodContext",
    "ProtocolContext",
    "ResourceNotFoundError",
    "ServerBase",
    "Service",
    "Unicode",
    "XmlDocument",
    "install",
    "rpc",
]
