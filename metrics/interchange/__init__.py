"""Metrics in the forms of others: dbt's semantic manifest and OSI. Reading and writing are pure; `exchange` opens the changes."""
