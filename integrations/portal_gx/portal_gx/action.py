"""The action of Great Expectations 1.24. It is saved with its checkpoint: it names an environment variable, never a token."""

import logging
import os
from typing import Any, Literal

from great_expectations.checkpoint import ValidationAction

from portal_gx.sending import Outcome, Spool, deliver
from portal_gx.stripping import report_of

logger = logging.getLogger("portal_gx")


class PortalAction(ValidationAction):
    """Reports each run to the portal, stripped to names and counts. Never raises: a checkpoint runs on without the portal.

    `checkpoint` is the key in the portal; `token_env` names the environment variable that holds the token; what cannot be
    delivered waits in `spool_dir`.
    """

    type: Literal["portal"] = "portal"
    checkpoint: str
    portal_url: str
    token_env: str = "PORTAL_TOKEN"  # noqa: S105 - the name of a variable
    spool_dir: str
    timeout: float = 10.0

    def run(self, checkpoint_result: Any, action_context: Any = None) -> dict[str, Any]:
        """Report the run; the answer says what became of it: sent, refused, waiting or failed."""
        try:
            outcome = self._report(checkpoint_result)
        except Exception as error:
            # The message could hold a value.
            outcome = Outcome("failed", type(error).__name__)
        if outcome.status != "sent":
            logger.warning(
                "the portal was not told of checkpoint %s: %s %s", self.checkpoint, outcome.status, outcome.reason
            )
        return {"portal": outcome.status, "reason": outcome.reason}

    def _report(self, checkpoint_result: Any) -> Outcome:
        definitions = checkpoint_result.checkpoint_config.validation_definitions
        report = report_of(
            [one.to_json_dict() for one in checkpoint_result.run_results.values()],
            checkpoint=self.checkpoint,
            declared=[
                {"name": str(one.name), "suite": str(one.suite.name), "asset": str(one.asset.name)}
                for one in definitions
            ],
            names={str(one.id): str(one.name) for one in definitions if one.id},
            run_id=checkpoint_result.run_id.to_json_dict(),
        )
        token = os.environ.get(self.token_env, "")
        return deliver(report, spool=Spool(self.spool_dir), url=self.portal_url, token=token, timeout=self.timeout)
