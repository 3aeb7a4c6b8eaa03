"""What every worker has read before it begins: the program, its contracts, its databases' drivers.

Importing this module is all that is done with it, by the process that workers are copies of.  It
opens nothing and reads no setting, so that nothing of a gateway is in what the copies share.
"""

from __future__ import annotations

import contextlib

import kps_soap.worker
from kps_soap.contracts.catalogue import compile_all

__all__ = ["kps_soap"]

# Where declarations and schemas disagree, each worker says so itself, and so does ``kps check``.
with contextlib.suppress(TypeError, ValueError):
    compile_all()
