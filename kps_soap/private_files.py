"""Who may read and change the files of a home: settings, keys, agreements, databases.

Keys themselves are refused by whoever reads them when others may use them.  Here is what would
let others get around that: a directory in which they may put another key, settings or agreements
that they may rewrite, a password file or a database that they may read.  This module looks at
modes alone, and changes none.
"""

import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from sqlalchemy.engine import make_url

from kps_soap import sqlite_files
from kps_soap.settings import FILE_NAME, Settings

_OTHERS_READ: Final = stat.S_IRGRP | stat.S_IROTH
_OTHERS_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH


def password_files(settings: Settings) -> list[Path]:
    """The files that hold the passwords of the databases (libpq's ``passfile``)."""
    urls = (make_url(text) for text in (settings.register_url, settings.gateway_url))
    named = [url.query.get("passfile") for url in urls]
    return list(dict.fromkeys(Path(str(one)) for one in named if one))


def refusals(settings: Settings) -> Iterator[str]:
    """A sentence for each file that keeps a gateway down until its mode is another."""
    for path in password_files(settings):
        mode = _mode(path)
        if mode is None:
            yield f"{path}: there is no such password file, or it cannot be looked at."
        elif mode & (_OTHERS_READ | _OTHERS_WRITE):
            yield f"{path}: other accounts may use the password file; give it mode 0600."
    for path in _trusted(settings):
        mode = _mode(path)
        if _is_shut(settings.home) and path != settings.home and settings.home in path.parents:
            continue
        if mode is not None and mode & _OTHERS_WRITE and not mode & stat.S_ISVTX:
            yield f"{path}: other accounts may change what the gateway trusts; take that away."


def warnings(settings: Settings) -> tuple[str, ...]:
    """What others may read and should not."""
    files = (sqlite_files.path_of(make_url(url)) for url in (settings.gateway_url,))
    return tuple(
        f"{path}: other accounts may read the gateway's database; give it mode 0600"
        for path in files
        if path is not None and (_mode(path) or 0) & _OTHERS_READ and not _is_shut(settings.home)
    )


def _trusted(settings: Settings) -> list[Path]:
    """What is believed because of where it lies."""
    keys = (
        *(settings.evidence_key_file, settings.person_key_file, settings.token_key_file),
        *(settings.signing_rsa_key_file, settings.signing_p256_key_file),
        *(settings.seal_key_file, settings.tls_key_file),
    )
    database = sqlite_files.path_of(make_url(settings.gateway_url))
    return list(
        dict.fromkeys(
            [
                settings.home,
                settings.home / FILE_NAME,
                settings.agreements_directory,
                *(key.parent for key in keys),
                *([] if database is None else [database]),
            ]
        )
    )


def _is_shut(directory: Path) -> bool:
    """Whether nobody else comes to what lies in it, whatever modes that has."""
    mode = _mode(directory)
    return mode is not None and not mode & (stat.S_IXGRP | stat.S_IXOTH)


def _mode(path: Path) -> int | None:
    try:
        return path.stat().st_mode
    except OSError:
        return None
