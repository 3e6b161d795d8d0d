"""Template tags of connectors."""
