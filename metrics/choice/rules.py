"""The lineage choice, as pure judgement: its key, its topic and the names of catalogs."""

KEY = "lineage"
TOPIC = "lineage"
