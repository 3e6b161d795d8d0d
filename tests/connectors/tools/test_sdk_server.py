"""The story of a tool at a real server of the `mcp` SDK; `tests/peers/test_fastmcp_tools.py` tells it of another one."""

import pytest

from tests.connectors.tools.real import tell
from tests.servers.tool_variants import serving

pytestmark = pytest.mark.django_db


def test_probe_pin_change_drift_refuse_re_pin_allow() -> None:
    with serving("tests.servers.tools_sdk") as server:
        tell(server, "SDK tools")
