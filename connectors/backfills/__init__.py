"""Backfills: history that is loaded again, as an approved plan, a job in parts, and drills of the runbook."""
