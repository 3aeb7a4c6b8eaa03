"""The numbers of one worker: names from closed lists only, and every request counted once."""

import pytest
from exchange_samples import ANSWER, PERSON, Ticks, exchange_of

from kps_soap import faults
from kps_soap.metrics import table
from kps_soap.metrics.meter import Histogram, Meter
from kps_soap.metrics.report import Value
from kps_soap.metrics.table import BOUNDS_SECONDS


def samples(meter: Meter, metric: table.Metric) -> dict[tuple[str, ...], Value]:
    return {tuple(labels): value for labels, value in meter.report()[metric.name]}


def test_an_answered_request_is_counted_by_door_service_version_and_outcome() -> None:
    meter = Meter(Ticks())
    assert meter.told(exchange_of(), ANSWER) == 100_000_000
    meter.told(exchange_of(), ANSWER)
    meter.told(exchange_of(outcome=301), ANSWER)
    meter.told(exchange_of(door="public", service="KPSPublic", version="WS"), ANSWER)
    service = "KisiSorgulaTCKimlikNoServis"
    assert samples(meter, table.REQUESTS) == {
        ("direct", service, "2011/01/01", "answered"): 2,
        ("direct", service, "2011/01/01", "no_match"): 1,
        ("public", "KPSPublic", "WS", "answered"): 1,
    }
    assert samples(meter, table.REFUSALS) == {}
    assert set(samples(meter, table.REQUEST_SECONDS)) == {
        ("direct", service),
        ("public", "KPSPublic"),
    }


@pytest.mark.parametrize(
    ("refusal", "outcome"),
    [
        (faults.NotWellFormed, "refused_message"),
        (faults.TooLarge, "refused_message"),
        (faults.SchemaRefused, "refused_message"),
        (faults.VersionWithdrawn, "refused_message"),
        (faults.CredentialsRefused, "refused_security"),
        (faults.TokenRefused, "refused_security"),
        (faults.ServiceNotGranted, "refused_agreement"),
        (faults.QuotaFull, "refused_agreement"),
        (faults.NothingFound, "no_match"),
        (faults.RegisterUnavailable, "failed"),
        (faults.EvidenceUnavailable, "failed"),
        (faults.InternalFailure, "failed"),
    ],
)
def test_a_refused_request_is_counted_by_the_layer_and_by_the_refusal(
    refusal: type[faults.Refusal], outcome: str
) -> None:
    meter = Meter(Ticks())
    meter.told(exchange_of(refusal=refusal.__name__, outcome=refusal.code), ANSWER)
    (labels,) = samples(meter, table.REQUESTS)
    assert labels[-1] == outcome
    assert outcome in table.OUTCOMES
    assert samples(meter, table.REFUSALS) == {("direct", refusal.__name__): 1}


def test_every_refusal_of_the_catalogue_has_an_outcome() -> None:
    meter = Meter(Ticks())
    for refusal in vars(faults).values():
        if isinstance(refusal, type) and issubclass(refusal, faults.Refusal):
            meter.told(exchange_of(refusal=refusal.__name__), ANSWER)
    reasons = {labels[1] for labels in samples(meter, table.REFUSALS)}
    assert "other" not in reasons
    assert len(reasons) > 30
    assert {labels[-1] for labels in samples(meter, table.REQUESTS)} < set(table.OUTCOMES)


def test_a_name_that_is_no_refusal_makes_no_label() -> None:
    meter = Meter(Ticks())
    meter.told(exchange_of(refusal=PERSON, service="", version=""), ANSWER)
    assert samples(meter, table.REFUSALS) == {("direct", "other"): 1}
    assert samples(meter, table.REQUESTS) == {("direct", "none", "none", "failed"): 1}


def test_no_number_bears_anything_of_who_asked_or_about_whom() -> None:
    meter = Meter(Ticks())
    for refusal in ("", "SchemaRefused", PERSON):
        meter.told(exchange_of(refusal=refusal), ANSWER)
    told = str(meter.report())
    for secret in ("Ayşe", "10000000215", "KRM", "B-34-0417", "203.0.113.10", "istek-1"):
        assert secret not in told


def test_an_issued_token_is_counted_once_it_is_on_record() -> None:
    meter, issued = Meter(Ticks()), object()
    meter.told(exchange_of(door="issuer", issued=issued), ANSWER)
    meter.told(exchange_of(door="issuer", issued=issued, refusal="EvidenceUnavailable"), ANSWER)
    meter.told(exchange_of(), ANSWER)
    assert samples(meter, table.TOKENS_ISSUED) == {(): 1}


def test_persons_who_are_on_no_roster_are_counted_by_what_followed() -> None:
    meter = Meter(Ticks())
    meter.told(exchange_of(roster_mode="UYAR", roster_asked=3, roster_missing=2), ANSWER)
    meter.told(exchange_of(roster_mode="UYAR", roster_asked=3), ANSWER)
    meter.told(exchange_of(), ANSWER)
    found = samples(meter, table.ROSTER_MISSING)
    assert found == {("KAPALI",): 0, ("UYAR",): 2, ("ENGELLE",): 0}


def test_a_request_whose_clock_nobody_started_took_no_time() -> None:
    meter, exchange = Meter(Ticks()), exchange_of()
    exchange.started_ns = 0
    assert meter.told(exchange, ANSWER) == 0


def test_a_duration_falls_into_the_bucket_whose_bound_it_does_not_exceed() -> None:
    histogram = Histogram()
    for nanoseconds in (0, 100_000, 100_001, 5_000_000_000, 5_000_000_001):
        histogram.observe(nanoseconds)
    *counts, total = histogram.value
    assert len(counts) == len(BOUNDS_SECONDS) + 1
    assert (counts[0], counts[1], counts[-2], counts[-1]) == (2, 1, 1, 1)
    assert sum(counts) == 5
    assert total == 100_000 + 100_001 + 5_000_000_000 + 5_000_000_001


def test_what_was_read_to_open_a_register_is_no_requests_reading() -> None:
    meter = Meter(Ticks())
    meter.reads["register"].seconds.observe(7)
    meter.begin()
    meter.reads["register"].seconds.observe(9)
    for metric in (table.STAGE_SECONDS, table.READ_SECONDS):
        value = samples(meter, metric)["register",]
        assert isinstance(value, list)
        assert value[-1] == 9


def test_troubles_of_connections_are_counted_by_their_closed_list() -> None:
    meter = Meter(Ticks())
    meter.http_trouble("not_http")
    meter.http_trouble("not_http")
    assert samples(meter, table.HTTP_TROUBLE) == {
        ("not_http",): 2,
        ("headers_too_large",): 0,
        ("headers_too_slow",): 0,
        ("never_read",): 0,
        ("no_room",): 0,
    }


def test_the_table_names_each_metric_once_in_the_forms_of_prometheus() -> None:
    names = [metric.name for metric in table.METRICS]
    assert len(set(names)) == len(names)
    for metric in table.METRICS:
        assert metric.name.startswith("kps_")
        assert metric.name.endswith("_total") == (metric.kind is table.Kind.COUNTER)
        assert metric.help.endswith((".", "else 0.", "runs."))
        assert "worker" not in metric.labels or metric.scope is table.Scope.PARENT
    declared = {value for value in vars(table).values() if isinstance(value, table.Metric)}
    assert declared == set(table.METRICS)
