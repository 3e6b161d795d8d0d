"""Pure values that the policy judges by."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Floor:
    """The least strict classes that a state demands, whatever the author declares (levels 0 to 3)."""

    reversibility: int = 0
    sensitivity: int = 0
    approval: int = 0
    external_side_effect: bool = False
    read_only: bool = True
