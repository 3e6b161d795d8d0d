"""Reports checkpoints of Great Expectations to the portal.

`portal_gx.action.PortalAction` needs Great Expectations; stripping, sending and `python -m portal_gx flush` need nothing.
"""

from portal_gx.sending import Outcome, Spool, deliver, flush
from portal_gx.stripping import report_of, stripped

__all__ = ["Outcome", "Spool", "deliver", "flush", "report_of", "stripped"]
