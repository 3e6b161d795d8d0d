"""dbt: `semantic_manifest.json`, with owners from `manifest.json`.

dbt has no owner of a metric: `config.meta.owner` is taken, or the owner of its group. Its parser lets a missing owner, a ghost
input and an unknown key pass; here they are told.
"""

from typing import Any

from metrics.interchange.forms import (
    MOST_METRICS,
    Taken,
    Unreadable,
    blank,
    listed,
    mapping,
    own_fields,
    take_own,
    text,
)
from metrics.rules import MetricType
from portal.registry.documents import Document

_COUNTS = frozenset({"count", "count_distinct"})
_TYPES = frozenset({"simple", "ratio", "derived", "cumulative", "conversion"})
_KNOWN = frozenset(
    {"name", "description", "type", "type_params", "filter", "metadata", "label", "config", "time_granularity"}
)
# Of the parameters of a metric, those that an expression in words can hold.
_TOLD = frozenset({"measure", "numerator", "denominator", "expr", "metrics", "input_measures"})
MODEL = "portal_metrics"


def read(manifest: Any, groups: Any, today: str) -> list[Taken]:
    """The metrics of a semantic manifest, in their order. `groups` is manifest.json, or None. Raises Unreadable."""
    root = mapping(manifest, "semantic_manifest.json")
    if "metrics" not in root or "semantic_models" not in root:
        raise Unreadable("It is no semantic manifest of dbt: it has no metrics and semantic_models.")
    metrics = listed(root["metrics"], "metrics")
    if len(metrics) > MOST_METRICS:
        raise Unreadable(f"It has more than {MOST_METRICS} metrics.")
    owners, measures = _owners(groups), _measures(root["semantic_models"])
    names = {text(one.get("name")) for one in metrics if isinstance(one, dict)}
    return [_metric(one, f"metrics[{at}]", owners, measures, names, today) for at, one in enumerate(metrics)]


def _owners(manifest: Any) -> dict[str, str]:
    """Whom manifest.json names for each metric: the owner of its group."""
    if manifest is None:
        return {}
    root = mapping(manifest, "manifest.json")
    of_group = {}
    for name, one in mapping(root.get("groups") or {}, "groups").items():
        owner = mapping(one, f"groups.{name}").get("owner")
        of_group[text(one.get("name"))] = text(owner.get("name")) if isinstance(owner, dict) else ""
    found = {}
    for name, one in mapping(root.get("metrics") or {}, "metrics").items():
        metric = mapping(one, f"metrics.{name}")
        found[text(metric.get("name"))] = of_group.get(text(metric.get("group")), "")
    return found


def _measures(models: Any) -> dict[str, tuple[str, dict[str, Any], list[str]]]:
    """Each measure with the relation it is of, and the dimensions beside it."""
    found = {}
    for at, value in enumerate(listed(models, "semantic_models")):
        model = mapping(value, f"semantic_models[{at}]")
        relation = model.get("node_relation")
        place = text(relation.get("relation_name")).replace('"', "") if isinstance(relation, dict) else ""
        rows = [one for one in listed(model.get("dimensions"), "dimensions") if isinstance(one, dict)]
        dimensions = [text(one.get("name")) for one in rows if one.get("type") == "categorical"]
        for one in listed(model.get("measures"), f"semantic_models[{at}].measures"):
            measure = mapping(one, f"semantic_models[{at}].measures")
            found[text(measure.get("name"))] = (place or text(model.get("name")), measure, dimensions)
    return found


def _name(value: Any) -> str:
    return text(value.get("name")) if isinstance(value, dict) else text(value)


def _metric(
    value: Any, place: str, owners: dict[str, str], measures: dict[str, Any], names: set[str], today: str
) -> Taken:
    metric = mapping(value, place)
    params = metric.get("type_params") or {}
    params = mapping(params, f"{place}.type_params")
    name, kind = text(metric.get("name")), text(metric.get("type"))
    taken = Taken(f"{place} {name}", blank(today))
    document = taken.document
    document |= {"key": name, "name": text(metric.get("label")) or name.replace("_", " ").capitalize()}
    document["description"] = text(metric.get("description"))
    document["owner"] = owners.get(name, "")
    inputs = [_name(params.get(one)) for one in ("numerator", "denominator")]
    inputs += [_name(one) for one in listed(params.get("metrics"), f"{place}.type_params.metrics")]
    document["related"] = [one for one in dict.fromkeys(inputs) if one and one != name]
    taken.lost += [
        f"there is no metric “{one}”, which it is made of" for one in document["related"] if one not in names
    ]
    _measured(document, taken, params, kind, measures)
    document["grain"] = text(metric.get("time_granularity"))
    if text(params.get("expr")):
        document["expression"] = text(params["expr"])
    if kind == "ratio":
        document["type"] = MetricType.RATIO.value
        document["expression"] = f"{inputs[0]} / {inputs[1]}"
    config = metric.get("config")
    meta = config.get("meta") if isinstance(config, dict) else None
    meta = dict(meta) if isinstance(meta, dict) else {}
    document["expression"] = text(meta.pop("expression", "")) or document["expression"]
    taken.lost += [f"meta.{one}" for one in take_own(document, meta)]
    if kind not in _TYPES:
        taken.lost.append(f"type “{kind}”, which dbt does not have")
    taken.lost += [f"type_params.{one}" for one, told in params.items() if told and one not in _TOLD]
    taken.lost += [one for one in ("filter", "metadata") if metric.get(one)]
    taken.lost += [f"unknown key “{one}”" for one in metric if one not in _KNOWN]
    return taken


def _measured(document: Document, taken: Taken, params: dict[str, Any], kind: str, measures: dict[str, Any]) -> None:
    """What the measure of a metric says of it."""
    measure = _name(params.get("measure"))
    if not measure:
        document["primary_source"] = f"dbt, {kind}" if kind else "dbt"
        return
    if measure not in measures:
        taken.lost.append(f"there is no measure “{measure}”, which it is of")
        return
    place, told, dimensions = measures[measure]
    if place.endswith(f".{MODEL}"):
        # Of the model that stands for the dictionary: it says nothing of where the number comes from.
        return
    aggregated = text(told.get("agg"))
    document["primary_source"] = place[:300]
    document["dimensions"] = dimensions[:50]
    document["expression"] = f"{aggregated}({text(told.get('expr')) or measure})"
    if aggregated in _COUNTS:
        document["type"] = MetricType.COUNT.value


def write(documents: list[Document]) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """A semantic manifest of documents, and per key what it cannot carry as dbt understands it.

    dbt computes a metric from measures of a model. The dictionary says what a number means and leaves computing to its source:
    every metric is told as simple, on a measure of one model that stands for the dictionary. What the portal knows more goes
    into `config.meta`, which dbt keeps and does not heed.
    """
    time = {"name": "metric_time_at", "type": "time", "type_params": {"time_granularity": "day"}}
    model = {
        "name": MODEL,
        "defaults": {"agg_time_dimension": "metric_time_at"},
        "description": "Stands for the dictionary; it is no table.",
        "node_relation": {"alias": MODEL, "schema_name": "portal", "database": "portal",
                          "relation_name": f'"portal"."portal"."{MODEL}"'},
        "primary_entity": "metric_point",
        "entities": [],
        "measures": [{"name": f"{one['key']}_value", "agg": "sum", "expr": one["key"]} for one in documents],
        "dimensions": [time],
    }  # fmt: skip
    metrics = [_written(one) for one in documents]
    lost = {one["key"]: ["it is told as simple, on a measure that stands for it"] for one in documents}
    for one in documents:
        if one.get("expression"):
            lost[one["key"]].append("expression (kept in meta, not computed by dbt)")
    configuration: dict[str, Any] = {"time_spines": [], "time_spine_table_configurations": [], "metadata": None,
                     "dsi_package_version": {"major_version": "0", "minor_version": "10", "patch_version": "5"}}  # fmt: skip
    return {
        "semantic_models": [model] if documents else [], "metrics": metrics, "project_configuration": configuration,
        "saved_queries": [],
    }, lost  # fmt: skip


def _written(document: Document) -> dict[str, Any]:
    measure = {"name": f"{document['key']}_value"}
    meta = own_fields(document) | ({"expression": document["expression"]} if document.get("expression") else {})
    return {
        "name": document["key"],
        "description": document["description"],
        "type": "simple",
        "type_params": {"measure": measure, "input_measures": [measure]},
        "label": document["name"],
        "config": {"meta": meta},
    }
