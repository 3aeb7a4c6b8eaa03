"""The dashboard and the alert rules ask for metrics and labels that exist, and for nothing else."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kps_soap.metrics import table
from kps_soap.metrics.table import BY_NAME, Kind
from kps_soap.readiness import PARTS

MONITORING = Path(__file__).resolve().parent.parent / "conf" / "monitoring"
DASHBOARD = json.loads((MONITORING / "dashboard.json").read_text(encoding="utf-8"))
ALERTS = MONITORING / "alerts.yml"

#: Labels that Prometheus itself adds, and the one of histograms' buckets.
ADDED = {"instance", "job", "le"}

#: What the closed lists of labels hold.
VALUES = {
    "outcome": set(table.OUTCOMES),
    "part": set(PARTS),
    "stage": set(table.STAGES),
    "database": set(table.DATABASES),
    "reason": {"CredentialsRefused", *table.HTTP_TROUBLES},
}


def rules() -> list[dict[str, Any]]:
    """The alert rules, read line by line: a small part of YAML, and nothing beyond it.

    ``key: value`` with a plain or a quoted value, maps by indentation, one list of rules.
    """
    found: list[dict[str, Any]] = []
    inner: dict[str, Any] = {}
    for number, line in enumerate(ALERTS.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        matched = re.fullmatch(r"( *)(- )?([a-z]+):(?: (.*))?", line)
        assert matched, f"line {number} is no key and value: {line}"
        indent, opens, key, value = matched.groups()
        if len(indent) < 6:
            assert key in ("groups", "name", "rules"), line
            continue
        text = json.loads(value) if value and value.startswith('"') else value
        if opens:
            found.append({})
        if len(indent) + len(opens or "") == 8:
            inner = {}
            found[-1][key] = inner if text is None else text
        else:
            assert len(indent) == 10, f"line {number}: {line}"
            inner[key] = text
    return found


def expressions() -> Iterator[tuple[str, str]]:
    """Every query, with the name of its panel or alert."""
    for panel in DASHBOARD["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"]
    for rule in rules():
        yield rule["alert"], rule["expr"]


def metric_of(name: str) -> table.Metric | None:
    """The metric that a name in a query is about."""
    if name in BY_NAME:
        found = BY_NAME[name]
        return None if found.kind is Kind.HISTOGRAM else found
    for suffix in ("_bucket", "_sum", "_count"):
        found_by_base = BY_NAME.get(name.removesuffix(suffix))
        if name.endswith(suffix) and found_by_base and found_by_base.kind is Kind.HISTOGRAM:
            return found_by_base
    return None


@pytest.mark.parametrize(("name", "expression"), list(expressions()))
def test_a_query_asks_for_metrics_and_labels_that_exist(name: str, expression: str) -> None:
    names = set(re.findall(r"\bkps_[a-z0-9_]+", expression))
    assert names, name
    metrics = {one: metric_of(one) for one in names}
    assert None not in metrics.values(), f"{name}: {metrics}"
    known = ADDED.union(*(one.all_labels for one in metrics.values() if one))
    grouped = re.findall(r"\bby \(([^)]*)\)", expression)
    matchers = re.findall(r"\{([^}]*)\}", expression)
    matched = re.findall(r'([a-z_]+)(?:=~|!~|!=|=)"([^"]*)"', " ".join(matchers))
    labels = {one.strip() for group in grouped for one in group.split(",")}
    assert labels | {label for label, _ in matched} <= known, name
    for label, pattern in matched:
        if label in VALUES:
            assert any(re.fullmatch(pattern, value) for value in VALUES[label]), (name, pattern)


def test_counters_are_asked_for_their_rate_and_gauges_are_not() -> None:
    for name, expression in expressions():
        for metric in re.findall(r"\bkps_[a-z0-9_]+", expression):
            counts = metric.endswith(("_total", "_bucket", "_sum", "_count"))
            before = expression.split(metric)[0]
            assert before.endswith(("rate(", "increase(")) == counts or (
                metric == "kps_evidence_records"
            ), name


def test_a_panel_is_where_no_other_is_and_says_what_it_shows() -> None:
    taken: dict[tuple[int, int], str] = {}
    identities = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(identities)) == len(identities)
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert (x, y) not in taken, f"{panel['title']} lies on {taken[x, y]}"
                taken[x, y] = panel["title"]
        assert panel["title"]


def test_every_metric_of_a_worker_stands_on_the_dashboard() -> None:
    shown = " ".join(
        target["expr"] for panel in DASHBOARD["panels"] for target in panel.get("targets", ())
    )
    missing = [metric.name for metric in table.METRICS if metric.name not in shown]
    assert missing == []


def test_every_alert_says_how_urgent_it_is_what_is_wrong_and_what_to_do() -> None:
    found = rules()
    names = [rule["alert"] for rule in found]
    assert len(set(names)) == len(names) > 15
    for rule in found:
        assert rule.keys() <= {"alert", "expr", "for", "labels", "annotations"}
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert set(rule["annotations"]) == {"summary", "action"}
        assert re.fullmatch(r"[0-9]+[smh]", rule.get("for", "1m"))
        used = set(re.findall(r"\$labels\.([a-z_]+)", " ".join(rule["annotations"].values())))
        grouped = re.findall(r"\bby \(([^)]*)\)", rule["expr"])
        left = (
            {one.strip() for one in grouped[-1].split(",")} if grouped else {"instance", "worker"}
        )
        assert used <= left, rule["alert"]


@pytest.mark.parametrize(
    "watched",
    [
        *("kps_ready", "kps_part_ready", "kps_seal_age_seconds", "kps_certificate_days_left"),
        *("kps_requests_total", "kps_request_seconds", "kps_disk_free_bytes", "kps_worker_up"),
    ],
)
def test_what_an_operator_must_not_miss_has_an_alert(watched: str) -> None:
    assert any(watched in rule["expr"] for rule in rules())


def test_certificates_are_warned_of_a_month_a_week_and_a_day_ahead() -> None:
    days = {
        int(found[1])
        for rule in rules()
        if (found := re.search(r"kps_certificate_days_left\) < ([0-9]+)", rule["expr"]))
    }
    assert days == {30, 7, 1}


def test_promtool_finds_nothing_wrong_with_the_rules() -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed")
    checked = subprocess.run(
        [promtool, "check", "rules", str(ALERTS)], capture_output=True, text=True
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
