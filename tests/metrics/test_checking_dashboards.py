"""Dashboards of every format: planted faults are found at their line, look-alikes are left alone."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from metrics.checking import findings_of
from tests.metrics.test_checking import DICTIONARY, found

ON, OFF = "metric-dictionary: on", "metric-dictionary: off"


def grafana(*targets: dict[str, Any], **more: Any) -> str:
    panel = {"type": "timeseries", "title": "A panel \U0001f600", "targets": list(targets)}
    return json.dumps({"title": "Board", "schemaVersion": 39, "panels": [panel], **more}, indent="\t")


def nested(target: dict[str, Any]) -> str:
    row = {"type": "row", "collapsed": True, "panels": [{"type": "stat", "targets": [target]}]}
    return json.dumps({"schemaVersion": 39, "panels": [row]})


def lite(field: str, kind: str = "quantitative", **more: Any) -> str:
    encoding = {"x": {"field": "month_of_year", "type": "temporal"}, "y": {"field": field, "type": kind}}
    schema = "https://vega.github.io/schema/vega-lite/v5.json"
    return json.dumps({"$schema": schema, "mark": "line", "encoding": encoding, **more})


def chart(metrics: str, description: str = "") -> str:
    return f"slice_name: Sales\ndescription: '{description}'\nviz_type: line\nparams:\n  metrics:\n{metrics}"


def own(key: str) -> str:
    return json.dumps({"portal_chart": 1, "title": "Own", "series": [{"metric": key}]})


FAULTS = [
    (grafana({"metric": "old_sar"}), "a.json", "gone"),
    (grafana({"metric": "revenue_sra"}), "a.json", "unknown"),
    (grafana({"metric": "cpu_load"}, tags=[ON]), "a.json", "unknown"),
    (grafana({"expr": 'sum by (team) (rate(old_sar{a="x"}[5m]))'}), "a.json", "gone"),
    (grafana({"rawSql": "SELECT day, sum(x) AS old_sar FROM t"}), "a.json", "gone"),
    (grafana({"rawSql": "SELECT value FROM t WHERE metric IN ('revenue_sar', 'old_sar')"}), "a.json", "gone"),
    (grafana({"url": "https://portal.example.com/api/v1/metrics/no_such_key/"}), "a.json", "unknown"),
    (nested({"metric": "old_sar"}), "a.json", "gone"),
    (json.dumps({"dashboard": json.loads(grafana({"metric": "old_sar"}))}), "a.json", "gone"),
    (json.dumps({"kind": 1, "name": "panels", "model": {"targets": [{"metric": "old_sar"}]}}), "a.json", "gone"),
    (lite("old_sar"), "a.json", "gone"),
    (lite("no_such_key", description=ON), "a.json", "unknown"),
    (lite("value", transform=[{"filter": "datum.metric === 'old_sar'"}]), "a.json", "gone"),
    (lite("value", transform=[{"filter": {"field": "metric", "oneOf": ["old_sar"]}}]), "a.json", "gone"),
    (chart("    - old_sar\n"), "a.yaml", "gone"),
    (chart("    - label: old_sar\n      expressionType: SQL\n"), "a.yaml", "gone"),
    (chart("    - no_such_key\n", ON), "a.yaml", "unknown"),
    ("table_name: t\nmetrics:\n- metric_name: old_sar\n  expression: SUM(x)\n", "a.yaml", "gone"),
    (own("no_such_key"), "a.json", "unknown"),
    (grafana()[:-3], "a.json", "unreadable"),
    ('{"panels": "targets", "a": ' + "[" * 200 + "]" * 200 + "}", "a.json", "unreadable"),
    ('{"panels": "targets", "a": ' + "[" * 100_000 + "]" * 100_000 + "}", "a.json", "unreadable"),
    ("slice_name: [\n", "a.yaml", "unreadable"),
    (grafana() + " " * 3_000_000, "a.json", "unreadable"),
]
ALIKE = [
    (grafana({"metric": "revenue_sar"}, {"metric": "late_sar"}), "a.json"),
    (grafana({"metric": "cpu_load"}, {"metricName": "CPUUtilization"}), "a.json"),
    (grafana({"expr": "histogram_quantile(0.9, rate(http_request_duration_seconds_bucket[5m]))"}), "a.json"),
    (grafana({"expr": 'up{job="old_sar"} * on (old_sar) x'}), "a.json"),
    (grafana({"metric": "old_sar", "hide": True}), "a.json"),
    (grafana({"metric": "old_sar"}, tags=[OFF]), "a.json"),
    (grafana({"metric": "$metric"}, tags=[ON]), "a.json"),
    (grafana({"rawSql": "SELECT sum(old_sar_total) AS lead_time_seconds FROM t"}), "a.json"),
    (lite("revenue_sar", description=ON), "a.json"),
    (lite("order_count"), "a.json"),
    (lite("old_sar", usermeta={"description": OFF}), "a.json"),
    (lite("revenue_sar", data={"values": [{"field": "old_sar", "metric": "old_sar"}]}), "a.json"),
    (chart("    - count\n    - avg_order_value\n"), "a.yaml"),
    (chart("    - old_sar\n", OFF), "a.yaml"),
    (own("revenue_sar"), "a.json"),
    ('{"metric": "old_sar", "metrics": ["no_such_key"]}', "package.json"),
    ('{"panels": "targets"', "left.txt"),
    ("{broken", "a.json"),
    ("slice_name: {{ .Values.name }}\n", "a.yaml"),
    ("a: &x [1]\nb: *x\n", "a.yaml"),
]


@pytest.mark.parametrize(("text", "name", "rule"), FAULTS)
def test_what_a_dashboard_plots_wrongly_is_found_once(tmp_path: Path, text: str, name: str, rule: str) -> None:
    assert [rule for _line, rule in found(tmp_path, text, name)] == [rule]


@pytest.mark.parametrize(("text", "name"), ALIKE)
def test_the_numbers_of_others_are_left_alone(tmp_path: Path, text: str, name: str) -> None:
    assert found(tmp_path, text, name) == []


def test_the_line_is_that_of_the_name(tmp_path: Path) -> None:
    text = grafana({"refId": "A", "metric": "revenue_sar"}, {"refId": "B", "metric": "old_sar"})
    line = next(number for number, one in enumerate(text.split("\n"), 1) if "old_sar" in one)
    assert found(tmp_path, text, "a.json") == [(line, "gone")]


def test_the_nearest_word_counts(tmp_path: Path) -> None:
    off = {"type": "stat", "description": OFF, "targets": [{"metric": "no_such_key"}]}
    on = {"type": "stat", "targets": [{"metric": "no_such_key"}]}
    text = json.dumps({"schemaVersion": 39, "tags": [ON], "panels": [off, on]}, indent=1)
    assert [rule for _line, rule in found(tmp_path, text, "a.json")] == ["unknown"]


def test_an_export_of_superset_is_read_in_its_archive(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("export/metadata.yaml", "version: 1.0.0\ntype: Slice\n")
        archive.writestr("export/charts/a.yaml", chart("    - old_sar\n"))
    (tmp_path / "export.zip").write_bytes(buffer.getvalue())
    (tmp_path / "other.zip").write_bytes(b"PK no archive at all")
    one, two = findings_of([tmp_path], DICTIONARY)
    assert (one.path.rpartition("/")[2], one.line, one.rule) == ("a.yaml", 6, "gone")
    assert two.rule == "unreadable"


def test_a_bomb_in_an_archive_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("export/metadata.yaml", "version: 1.0.0\n")
        archive.writestr("export/charts/a.yaml", b"slice_name: a\n" + b" " * (17 << 20))
    assert [one.rule for one in findings_of([tmp_path], DICTIONARY)] == ["unreadable"]


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "query", [{"rawSql": "metric =" + " " * 500_000}, {"expr": '"' + '\\"' * 300_000}, {"expr": "by (" * 300_000}]
)
def test_a_query_made_to_be_slow_is_read_once(tmp_path: Path, query: dict[str, Any]) -> None:
    assert found(tmp_path, grafana(query), "a.json") == []


def test_more_names_than_anyone_plots_are_refused(tmp_path: Path) -> None:
    text = grafana(*({"metric": f"some_{number}_name"} for number in range(3000)))
    assert [rule for _line, rule in found(tmp_path, text, "a.json")] == ["unreadable"]
