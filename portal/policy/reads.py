"""Which policy is in force."""

from portal.policy.documents import policy_of
from portal.policy.models import ApprovalPolicy
from portal.policy.rules import BASELINE, Policy


def in_force() -> Policy:
    """The policy that stands now: the applied one, or the domain's own table."""
    standing = ApprovalPolicy.objects.only("version", "document").first()
    return policy_of(standing.document, version=standing.version) if standing else BASELINE
