"""The gate: what a release candidate may do at this moment, and why not."""
