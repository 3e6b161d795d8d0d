"""Names of release readiness: stages, the nine rows, what a row can be (domain: Release readiness)."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

STAGES = ("dev", "staging", "canary", "prod")


class Dimension(TextChoices):
    """The nine rows of a release candidate."""

    DOCS_TRUTH = "docs_truth", _("Docs truth")
    SCHEMA_ADHERENCE = "schema_adherence", _("Schema adherence")
    DATA_QUALITY = "data_quality", _("Data quality")
    APPROVAL_SLA = "approval_sla", _("Approval SLA")
    CONTRADICTION_BACKLOG = "contradiction_backlog", _("Contradiction backlog")
    CONNECTOR_HEALTH = "connector_health", _("Connector health")
    SECURITY_CHECKLIST = "security_checklist", _("Security checklist")
    REGULATORY_CONTROLS = "regulatory_controls", _("Regulatory controls")
    PROVENANCE = "provenance", _("Provenance")


# The portal computes these; the others are set by people, with evidence. What the portal knows drags every row down.
COMPUTED = (Dimension.DATA_QUALITY, Dimension.APPROVAL_SLA, Dimension.CONNECTOR_HEALTH)
BY_PEOPLE = tuple(one for one in Dimension if one not in COMPUTED)
BY_PEOPLE_CHOICES = [(one.value, one.label) for one in BY_PEOPLE]


class RowStatus(TextChoices):
    """What a row says. Nothing else is OK."""

    OK = "ok", _("OK")
    RISK = "risk", _("Risk")
    BLOCKED = "blocked", _("Blocked")
