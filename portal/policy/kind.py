"""The approval policy as a kind of entry."""

from datetime import datetime
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from portal.policy.documents import PolicySerializer, baseline_document
from portal.policy.models import ApprovalPolicy
from portal.registry.documents import Document
from portal.registry.filters import EntryFilter
from portal.registry.kinds import Column, Kind, Section, register
from portal.registry.models import EntryState
from portal.registry.rules import Floor
from portal.roles import Permission
from portal.web import cells


class PolicyFilter(EntryFilter):
    """Filters of the list, which has one row."""

    class Meta:
        model = ApprovalPolicy
        fields: list[str] = []


def _strictest(document: Document) -> Floor:
    """Whatever it says: the policy changes under the strictest row in force."""
    return Floor(approval=3, read_only=False)


def _version(row: Any, now: datetime) -> SafeString:
    return format_html("v{}", row.version)


def register_kind() -> None:
    """Called once, when the app is ready."""
    register(
        Kind(
            name="approval_policy",
            model=ApprovalPolicy,
            serializer=PolicySerializer,
            label=_("Approval policy"),
            label_plural=_("Approval policy"),
            purpose=_(
                "Which classes of change need whose signatures, and by when. It can be tightened, never weakened."
            ),
            built_in=_(
                "The built-in policy decides every change until one of your own is registered; that one can only be stricter."
            ),
            collection="policies",
            pages="policies",
            prefix="AP",
            filterset=PolicyFilter,
            floor=_strictest,
            proposers=Permission.PROPOSE_POLICY,
            single=True,
            states=frozenset({EntryState.ACTIVE}),
            links=((_("Test box"), "policy-test"),),
            blank=lambda asked: baseline_document(),
            sections=(
                Section(
                    "identity", _("Identity"), ("name", "name_ar", "key", "description", "description_ar", "owner")
                ),
                Section(
                    "least",
                    _("Least approval class"),
                    ("reversibility", "sensitivity", "sensitivity_read_only", "external_side_effect", "touched"),
                    _("The highest of all that apply counts. Declaring less is refused."),
                ),
                Section("signing", _("Signing"), ("signing",), _("Who signs each class, and by when.")),
                Section("forbidden", _("Forbidden"), ("forbidden",), _("Pairs of classes that no change may have.")),
            ),
            columns=(
                Column("name", _("Name"), cells.name, sort="name"),
                Column("owner", _("Owner"), cells.owner),
                Column("version", _("Version"), _version),
                Column("state", _("State"), cells.state),
                Column("updated", _("Changed"), cells.updated, sort="updated_at"),
            ),
        )
    )
