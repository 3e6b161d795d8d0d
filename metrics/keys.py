"""What the checks of code know of keys without the portal: they run where only a JSON export of the dictionary is. No imports."""

KEY_PATTERN = r"^[a-z][a-z0-9_]*$"
# The states of `portal.registry.models.EntryState` that a check heeds.
DEPRECATED, RETIRED = "deprecated", "retired"
