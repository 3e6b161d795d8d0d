"""Whether a repository keeps to the lineage choice: its decision files, what it configures, what it imports. Pure."""

from metrics.choice.checking.walking import Looked, look

RULES = {
    "second-catalog": "The client or the configuration of a catalog that was not chosen is in use.",
    "decision-differs": "A decision file rules lineage otherwise than the register.",
    "decision-edited": "A decision file was edited after it was accepted.",
    "decision-missing": "No decision file rules lineage.",
    "unreadable": "The file cannot be read.",
}

__all__ = ["RULES", "Looked", "look"]
