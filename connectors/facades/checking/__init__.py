"""Finding code that imports a vendor around its facade, by ruff and ESLint; imports by name at run time by Python itself."""

from connectors.facades.checking.findings import RULES, Finding
from connectors.facades.checking.running import CannotRun, Checked, check

__all__ = ["RULES", "CannotRun", "Checked", "Finding", "check"]
