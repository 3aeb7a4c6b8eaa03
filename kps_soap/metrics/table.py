"""Every metric: its name, its labels, what it says, and how several workers' numbers become one.

Labels hold names from closed lists only: doors, services, versions, refusals, stages, workers,
certificates.  An account, a person, an address or a word of a caller is never a label (design
D14), so the number of series is bounded whatever callers send.  This module counts nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final


class Kind(Enum):
    """The kinds of the exposition format."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Scope(Enum):
    """How the numbers of several workers become one.

    SUM: they are added.  WORKER: each worker has its own sample.  SHARED: all workers see the
    same thing, so one of them speaks for all.  PARENT: the parent process knows it by itself.
    """

    SUM = "sum"
    WORKER = "worker"
    SHARED = "shared"
    PARENT = "parent"


@dataclass(frozen=True, slots=True)
class Metric:
    """One family of samples.  A metric of scope WORKER has the label ``worker`` besides."""

    name: str
    kind: Kind
    scope: Scope
    help: str
    labels: tuple[str, ...] = ()

    @property
    def all_labels(self) -> tuple[str, ...]:
        """The labels as they are served."""
        return (*self.labels, "worker") if self.scope is Scope.WORKER else self.labels


#: Upper bounds of the histograms' buckets, in seconds.
BOUNDS_SECONDS: Final = (
    *(0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5),
    *(1.0, 2.5, 5.0),
)

#: What may become of a request.
OUTCOMES: Final = (
    "answered",
    "no_match",
    "refused_message",
    "refused_security",
    "refused_agreement",
    "failed",
)

#: The parts of a request's way that are timed.  ``register`` is one look into the register.
STAGES: Final = (
    *("parse", "authenticate", "agreement", "criteria", "register", "sign", "refuse", "record"),
)

#: The databases that are read while a request is answered.
DATABASES: Final = ("register", "gateway")

#: Why a connection was ended, or a request refused, before there was a question.
HTTP_TROUBLES: Final = (
    *("not_http", "headers_too_large", "headers_too_slow"),
    *("never_read", "no_room"),
)

_SUM, _WORKER, _SHARED, _PARENT = Scope.SUM, Scope.WORKER, Scope.SHARED, Scope.PARENT


def _counter(name: str, scope: Scope, help: str, *labels: str) -> Metric:
    return Metric(name, Kind.COUNTER, scope, help, labels)


def _gauge(name: str, scope: Scope, help: str, *labels: str) -> Metric:
    return Metric(name, Kind.GAUGE, scope, help, labels)


def _histogram(name: str, help: str, *labels: str) -> Metric:
    return Metric(name, Kind.HISTOGRAM, _SUM, help, labels)


REQUESTS: Final = _counter(
    "kps_requests_total",
    _SUM,
    "Requests answered, by what became of them.",
    *("door", "service", "version", "outcome"),
)
REFUSALS: Final = _counter(
    "kps_refusals_total", _SUM, "Refused requests, by the name of the refusal.", "door", "reason"
)
REQUEST_SECONDS: Final = _histogram(
    "kps_request_seconds",
    "Time from the whole request to its durable record, before the answer leaves.",
    *("door", "service"),
)
STAGE_SECONDS: Final = _histogram(
    "kps_stage_seconds",
    "Time that a request spends in a stage; register: one look into the register.",
    "stage",
)
TURNED_AWAY: Final = _counter(
    "kps_turned_away_total", _SUM, "Requests told to come later: too many were in flight."
)
HTTP_TROUBLE: Final = _counter(
    "kps_http_trouble_total",
    _SUM,
    "Connections ended before there was a question: no HTTP, or headers too large or too slow.",
    "reason",
)
TOKENS_ISSUED: Final = _counter(
    "kps_tokens_issued_total", _SUM, "Tokens issued by the token service."
)
PASSWORD_COMPARISONS: Final = _counter(
    "kps_password_comparisons_total", _SUM, "Slow password comparisons (argon2id) begun."
)
READ_SECONDS: Final = _histogram(
    "kps_database_read_seconds", "Time of one read from a database.", "database"
)
READ_FAILURES: Final = _counter(
    "kps_database_read_failures_total", _SUM, "Reads that failed or took too long.", "database"
)
ROSTER_MISSING: Final = _counter(
    "kps_roster_missing_total",
    _SUM,
    "Persons asked about who were not on their institution's roster, by what followed from it.",
    "mode",
)
LOG_LINES_DROPPED: Final = _counter(
    "kps_log_lines_dropped_total", _SUM, "Log lines lost because they could not be written in time."
)

READY: Final = _gauge("kps_ready", _WORKER, "1 where the worker can answer queries, else 0.")
PART_READY: Final = _gauge(
    "kps_part_ready",
    _WORKER,
    "1 where this part of the worker passed its test, else 0.",
    "part",
)
IN_FLIGHT: Final = _gauge("kps_requests_in_flight", _WORKER, "Requests being worked on.")
IN_FLIGHT_MAX: Final = _gauge(
    "kps_requests_in_flight_max",
    _WORKER,
    "Places of a worker for requests of known callers; as many more may be on their way there.",
)
EVIDENCE_WAITING: Final = _gauge(
    "kps_evidence_waiting", _WORKER, "Requests that wait for their record to be durable."
)
LAST_COMMIT_SECONDS: Final = _gauge(
    "kps_evidence_last_commit_age_seconds",
    _WORKER,
    "Seconds since evidence was written; an idle worker writes a probe every two seconds.",
)
PASSWORDS_RUNNING: Final = _gauge(
    "kps_password_comparisons_running", _WORKER, "Slow password comparisons running or waiting."
)
READS_IN_FLIGHT: Final = _gauge(
    "kps_database_reads_in_flight",
    _WORKER,
    "Reads that run or wait for a connection.",
    "database",
)

RECORDS: Final = _gauge("kps_evidence_records", _SHARED, "Records in all chains of the evidence.")
RECORDS_UNSEALED: Final = _gauge(
    "kps_evidence_records_unsealed", _SHARED, "Chain lag: records that no seal covers yet."
)
SEAL_AGE_SECONDS: Final = _gauge(
    "kps_seal_age_seconds", _SHARED, "Seconds since the newest seal; absent before the first one."
)
CERTIFICATE_DAYS: Final = _gauge(
    "kps_certificate_days_left",
    _SHARED,
    "Days until a certificate expires; negative afterwards.",
    "certificate",
)
AGREEMENTS: Final = _gauge("kps_agreements", _SHARED, "Agreements in the set in force.")
AGREEMENT_PROBLEMS: Final = _gauge(
    "kps_agreement_problems", _SHARED, "Why the newest agreement files are not in force; 0 is well."
)
AGREEMENT_SET_AGE_SECONDS: Final = _gauge(
    "kps_agreement_set_age_seconds", _SHARED, "Seconds since the set of agreements came into force."
)
DISK_FREE_BYTES: Final = _gauge(
    "kps_disk_free_bytes", _SHARED, "Free space where the home and SQLite databases lie.", "volume"
)
DISK_SIZE_BYTES: Final = _gauge(
    "kps_disk_size_bytes", _SHARED, "Size of the volume on which they lie.", "volume"
)

FINDINGS_OPEN: Final = _gauge(
    "kps_misuse_findings_open",
    _SHARED,
    "Findings of a rule of misuse that nobody has looked into.",
    "rule",
)

WORKER_UP: Final = Metric(
    "kps_worker_up",
    Kind.GAUGE,
    _PARENT,
    "1 where the worker told its numbers in time, else 0.",
    ("worker",),
)
WORKERS: Final = _gauge("kps_workers", _PARENT, "Worker processes that are meant to run.")
WORKER_RESTARTS: Final = _counter(
    "kps_worker_restarts_total", _PARENT, "Workers that ended and were replaced."
)
START_SECONDS: Final = _gauge(
    "kps_start_time_seconds", _PARENT, "When the gateway was started, in seconds since 1970 UTC."
)
BUILD_INFO: Final = _gauge(
    "kps_build_info", _PARENT, "1; the labels say which release runs.", "version", "python"
)

#: The table, in the order in which it is served.
METRICS: Final = (
    *(REQUESTS, REFUSALS, REQUEST_SECONDS, STAGE_SECONDS, TURNED_AWAY, HTTP_TROUBLE),
    *(TOKENS_ISSUED, PASSWORD_COMPARISONS, READ_SECONDS, READ_FAILURES, LOG_LINES_DROPPED),
    ROSTER_MISSING,
    *(READY, PART_READY, IN_FLIGHT, IN_FLIGHT_MAX, EVIDENCE_WAITING, LAST_COMMIT_SECONDS),
    *(PASSWORDS_RUNNING, READS_IN_FLIGHT, RECORDS, RECORDS_UNSEALED, SEAL_AGE_SECONDS),
    *(CERTIFICATE_DAYS, AGREEMENTS, AGREEMENT_PROBLEMS, AGREEMENT_SET_AGE_SECONDS),
    *(DISK_FREE_BYTES, DISK_SIZE_BYTES, FINDINGS_OPEN),
    *(WORKER_UP, WORKERS, WORKER_RESTARTS, START_SECONDS, BUILD_INFO),
)

BY_NAME: Final[Mapping[str, Metric]] = {metric.name: metric for metric in METRICS}
