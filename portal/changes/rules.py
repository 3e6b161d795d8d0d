"""Changes as pure judgement: who may commit without a signature. What needs which signatures is `portal.policy.rules`."""

from portal.policy.rules import ActionClass
from portal.roles import ActorType


def may_commit(actor_type: str, action_class: str) -> bool:
    """Whether this type of actor may apply a change of this class without a signature."""
    if action_class != ActionClass.A:
        return False
    return actor_type in {ActorType.HUMAN, ActorType.EXECUTOR_SYSTEM, ActorType.AUTOMATED_WORKFLOW}
