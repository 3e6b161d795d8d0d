"""Reading backfills and their jobs."""

from django.utils.translation import gettext as _

from connectors.models import BackfillJob
from portal.refusals import Missing


def job_of(key: str) -> BackfillJob:
    """The job of the backfill of this key. Raises Missing."""
    job = BackfillJob.objects.filter(backfill__key=key[:60]).select_related("backfill").first()
    if job is None:
        raise Missing("no_such_backfill", _("There is no backfill “%s”.") % key[:60])
    return job
