"""``kps receipt``: check a saved receipt on any machine, or hand one out.

``verify`` needs nothing but files: no home, no database, no gateway.  ``show`` is a look into the
evidence, and so a record of it.
"""

from __future__ import annotations

from pathlib import Path

import click
from cryptography import x509

from kps_soap.answers import load_certificates
from kps_soap.audit import search as searching
from kps_soap.audit.checkpoints import Certificates, SealRefused
from kps_soap.audit.conditions import Criteria
from kps_soap.audit.receipt_search import receipt_file_of
from kps_soap.cli.looking import asker, by_option, hand_over, opened, reason_option, to_option
from kps_soap.cli.terminal import (
    NO,
    WRONG,
    home_option,
    json_option,
    printable,
    settings_of,
    show_json,
    stop,
)
from kps_soap.configured import load_signers, utc_now
from kps_soap.receipt_check import Checked, Papers, ReceiptRefused, check_receipts

_file = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def receipt() -> None:
    """Receipts (Alindi): proof of what was asked, what was answered, and when."""


@receipt.command()
@json_option
@click.argument("file", type=_file)
@click.option(
    "--certificate",
    "certificate_files",
    type=_file,
    multiple=True,
    help="The gateway's signing certificate (PEM); may be named several times.",
)
@click.option(
    "--seal-certificate",
    "seal_files",
    type=_file,
    multiple=True,
    help="The certificate of the evidence's seal (PEM); needed for an inclusion proof.",
)
@click.option("--proof", type=_file, help="What AlindiServis or `kps receipt show` gave for it.")
@click.option("--question", type=_file, help="The request's bytes as sent, without HTTP headers.")
@click.option("--answer", type=_file, help="The answer's bytes as received.")
@click.option("--witness", type=_file, help="A witness's copy of the checkpoint (JSON).")
def verify(
    as_json: bool,
    file: Path,
    certificate_files: tuple[Path, ...],
    seal_files: tuple[Path, ...],
    proof: Path | None,
    question: Path | None,
    answer: Path | None,
    witness: Path | None,
) -> None:
    """Check the receipt in FILE: a saved answer, an answer of AlindiServis, or a receipt file.

    Exit code 1 if anything differs.  Nothing but the named files is read.
    """
    if not certificate_files and not seal_files:
        stop("Name the gateway's certificate with --certificate, or the seal's.", WRONG)
    papers = Papers(
        file=file.read_bytes(),
        proof=_bytes_of(proof),
        question=_bytes_of(question),
        answer=_bytes_of(answer),
        witness=_bytes_of(witness),
    )
    try:
        seals = Certificates.read(*seal_files) if seal_files else None
        checked = check_receipts(papers, _certificates(certificate_files), seals)
    except (ReceiptRefused, SealRefused) as refusal:
        if as_json:
            show_json({"ok": False, "why": str(refusal)})
            raise SystemExit(NO) from None
        stop(str(refusal), NO)
    if as_json:
        show_json({"ok": True, "receipts": [_described(one) for one in checked]})
        return
    for one in checked:
        for name, value in one.receipt.items():
            click.echo(f"{printable(name)}: {printable(value)}")
        for finding in one.findings:
            click.echo(finding)


def _bytes_of(file: Path | None) -> bytes | None:
    return None if file is None else file.read_bytes()


def _certificates(files: tuple[Path, ...]) -> list[x509.Certificate]:
    found: list[x509.Certificate] = []
    for file in files:
        try:
            found += load_certificates(file)
        except ValueError:
            stop(f"{file}: holds no certificate that signs answers.", WRONG)
    return found


def _described(one: Checked) -> dict[str, object]:
    number = None if one.checkpoint is None else one.checkpoint.number
    return {"receipt": dict(one.receipt), "checkpoint": number, "findings": one.findings}


@receipt.command()
@home_option
@reason_option
@by_option
@to_option
@click.argument("number")
def show(home: Path, reason: str, by: str, to: Path | None, number: str) -> None:
    """Write the receipt NUMBER as a file that `kps receipt verify` checks: signed, with its proof.

    For those who cannot ask AlindiServis, such as a caller of the public door.  The look is
    recorded, and so must have a reason.
    """
    settings = settings_of(home)
    with opened(settings) as (engine, _files, keyring, run):
        signer = load_signers(settings)["RSA"]
        page = searching.search(
            engine,
            keyring,
            Criteria(receipt_number=number),
            asker=asker(by, reason),
            record=run.record,
            limit=1,
        )
        content = None
        for found in page.found:
            with engine.connect() as connection, connection.begin():
                content = receipt_file_of(
                    connection, found.chain_id, found.sequence, signer=signer, now=utc_now()
                )
    if content is None:
        stop("There is no record with this receipt number.", NO)
    hand_over([content.decode("utf-8"), "\n"], to)
