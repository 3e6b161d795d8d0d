"""Lineage evidence: events that runs send, datasets, and the graph of what was seen and what was declared."""
