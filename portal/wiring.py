"""What the ground must know from above, as dotted paths: where `portal` names the apps. All of it is settings."""

READINESS_CHECKS = [
    "portal.operations.readiness.database",
    "portal.operations.readiness.broker",
    "portal.operations.readiness.worker",
    "portal.operations.readiness.sweep",
    "portal.operations.readiness.watch",
    "connectors.tracking.lag.check",
]
# Work every worker does by itself: (dotted path of a function without arguments, seconds between two calls).
TICKS: list[tuple[str, float]] = [
    ("connectors.polling.tick", 1.0),
    ("connectors.allowlist.counting.tick", 5.0),
    ("connectors.tools.watching.tick", 2.0),
    ("connectors.syncs.pulling.tick", 5.0),
    ("severity.sweep.tick", 2.0),
    ("severity.reconcile.tick", 30.0),
    ("severity.watching.tick", 5.0),
    ("severity.watchlist.rollup.tick", 300.0),
    ("portal.operations.depth.tick", 15.0),
    ("portal.operations.outside.tick", 5.0),
    ("portal.changes.waking.tick", 2.0),
    ("portal.outbox.delivery.tick", 2.0),
    ("events.quarantine.tick", 3600.0),
    ("metrics.values.keeping.tick", 3600.0),
    ("metrics.lineage.keeping.tick", 3600.0),
    ("severity.gate.keeping.tick", 600.0),
]
# Topics of `manage.py registry`: name → class.
REGISTRY_TOPICS = {
    "plan": "portal.files.commands.PlanTopic",
    "apply": "portal.files.commands.ApplyTopic",
    "export": "portal.files.commands.ExportTopic",
    "schema-of": "portal.files.commands.SchemaTopic",
    "schemas": "events.commands.Schemas",
    "metrics": "metrics.commands.Metrics",
    "decisions": "metrics.decisions.commands.Decisions",
    "lineage": "metrics.choice.commands.Lineage",
    "import": "connectors.importing.command.Import",
    "facade-rules": "connectors.facades.commands.FacadeRules",
    "facade-check": "connectors.facades.commands.FacadeCheck",
}
# URL configurations of the apps, included under /api/v1/ and under /.
API_URLCONFS = ["connectors.urls_api", "events.urls_api", "metrics.urls_api", "severity.urls_api"]
# Doors of other forms than /api/v1/, with addresses of their own.
SERVICE_URLCONFS = ["events.registry.urls"]
# Where errors are told to programs and not to people.
SERVICE_PREFIXES = ("/api/", "/registry/")
PAGE_URLCONFS = ["connectors.urls", "metrics.urls", "severity.urls"]
# Blocks of the overview page: (template, dotted path of a function of user and moment that gives its context).
OVERVIEW_BLOCKS = "severity.overview.blocks"
# Tabs of the pages of entries that apps above bring: kind → dotted paths of a Tab.
ENTRY_TABS: dict[str, list[str]] = {
    "runtime_tool": ["severity.connector_tab.TAB", "severity.connector_tab.RELEASES_TAB"],
    "data_movement": ["severity.connector_tab.TAB", "severity.connector_tab.RELEASES_TAB"],
}
# What stands on a connector beside the agents of its allowlist: dotted paths of functions of the connector.
CONNECTOR_CONSUMERS = ["metrics.consumers.of_connector"]
# What the plot of a metric marks beside its versions: a dotted path of a function of metric id, first instant and number.
METRIC_MARKS = "severity.reads.marks_of_metric"
# How the subjects of notices read in another language: first part of the topic → a dotted path of a function of the subject.
SUBJECT_WORDS = {"incident": "severity.wording.subject_words", "change": "portal.changes.wording.subject_words"}
# Counters of the rail: dotted paths of functions that give {name: number}.
COUNTERS = ["portal.outbox.reads.counters", "portal.changes.reads.counters", "severity.reads.counters"]

# Names of the choices in the API's description, where fields of several bodies share them.
API_ENUM_NAMES = {
    "ApprovalClassEnum": "portal.policy.rules.ApprovalClass",
    "ReversibilityClassEnum": "portal.policy.rules.ReversibilityClass",
    "SensitivityClassEnum": "portal.policy.rules.SensitivityClass",
    "DimensionEnum": "severity.readiness.Dimension",
    "PeopleDimensionEnum": "severity.readiness.BY_PEOPLE_CHOICES",
    "LevelEnum": "severity.table.documents.LEVELS",
    "SeverityEnum": "severity.bodies.LEVELS",
    "RouteWayEnum": "severity.routing.rules.Way",
    "IncidentSourceEnum": "severity.models.Source",
    "EnvironmentEnum": "connectors.environments.CHOICES",
    "RunStateEnum": "connectors.models.RunState",
}
