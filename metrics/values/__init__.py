"""Measured values of metrics: taken once, kept for a time, plotted beside their definition, held against their range."""
