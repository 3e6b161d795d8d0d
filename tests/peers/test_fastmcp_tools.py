"""The story of a tool at a real server of `fastmcp`, another implementation than the `mcp` SDK, in a process of its own."""

import pytest

from tests.connectors.tools.real import tell
from tests.servers.tool_variants import serving

pytestmark = [pytest.mark.peers, pytest.mark.django_db]


def test_probe_pin_change_drift_refuse_re_pin_allow() -> None:
    with serving("tests.servers.tools_fastmcp") as server:
        tell(server, "fastmcp tools")
