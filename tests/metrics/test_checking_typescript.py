"""The same for TypeScript: planted faults are found, look-alikes are not."""

import time
from pathlib import Path

import pytest

from tests.metrics.test_checking import found

IMPORT = 'import { INFO, Metric } from "./metric-keys";\n'
FAULTS = {
    'const x = "revenue_sar";': "literal",
    "const x = 'revenue_sar';": "literal",
    "const x = `revenue_sar`;": "literal",
    'plot("revenue_sar")': "literal",
    'const d = { "revenue_sar": 1 };': "literal",
    'd["revenue_sar"] = 1;': "literal",
    'if (key === "revenue_sar") {}': "literal",
    'switch (key) { case "revenue_sar": break; }': "literal",
    'type Key = "revenue_sar" | "x";': "literal",
    'const x = a ? "revenue_sar" : b;': "literal",
    '<Panel metric="leads" />': "literal",
    '<Panel metric={"leads"} />': "literal",
    'plotMetric("leads")': "literal",
    'const metricKey = "leads";': "literal",
    'const panel = { metric: "leads" };': "literal",
    'metrics["leads"]': "literal",
    r'const x = "revenue\u005fsar";': "literal",
    'const x = "revenue" + "_sar";': "composed",
    "const x = \"rev\" + `enue` + '_sar';": "composed",
    "const x = 'revenue'\n  + '_sar';": "composed",
    "const x = Metric.REVENUE_USD;": "unknown",
    'const x = Metric["REVENUE_USD"];': "unknown",
    'plot({ metric: "no_such_key" })': "unknown",
    'const metrics = ["no_such_key"];': "unknown",
    'const metrics = ["leads", "no_such_key"];': "literal+unknown",
    'metric === "no_such_key"': "unknown",
    "const x = Metric.OLD_SAR;": "gone",
    'const x = "dead_sar";': "gone",
    'const y = /["\']/; const x = "revenue_sar";': "literal",
    'const y = a / b; const x = "revenue_sar"; // c / d': "literal",
}
ALIKE = [
    "const x = Metric.REVENUE_SAR;", 'const x = Metric["REVENUE_SAR"];', "const x = Metric[key];", '// "revenue_sar"',
    '/* "revenue_sar"\n */', "const revenue_sar = 5;", "x.revenue_sar", "const d = { revenue_sar: 1 };", "f(revenue_sar)",
    'import x from "revenue_sar";', 'import "revenue_sar";',
    'const x = "revenue_sar is shown";', 'const x = "revenue_sar_total";',
    'const x = "revenue-sar";', 'const x = "REVENUE_SAR";', 'const x = "leads";', 'f("leads")', 'const d = { "leads": 1 };',
    'if (role === "leads") {}', 'const x = "revenue" + suffix;', 'const x = prefix + "_sar";', "const x = `${prefix}_sar`;",
    "const x = `revenue_${unit}`;", 'const x = "revenue" + "_usd";', "const x = /revenue_sar/;", 'const y = /"revenue_sar"/;',
    'f(metric, "no_such_key")', 'const geometric = "no_such_key";', 'const metric = "Monthly active users";',
    'const metricLabel = "no_such_key";', "plot({ metric: key })", "<p>Don't count revenue_sar, it's late</p>",
    'const x = prefix + "revenue" + "_usd";', "Metric.of(key)",
]  # fmt: skip


@pytest.mark.parametrize(("text", "rules"), FAULTS.items())
def test_a_planted_fault_is_found(tmp_path: Path, text: str, rules: str) -> None:
    assert [rule for _line, rule in found(tmp_path, f"{IMPORT}{text}\n", "code.tsx")] == rules.split("+")


@pytest.mark.parametrize("text", ALIKE)
def test_a_look_alike_is_no_alarm(tmp_path: Path, text: str) -> None:
    assert found(tmp_path, f"{text}\n", "code.tsx") == []
    assert found(tmp_path, f"{IMPORT}{text}\n", "code.tsx") == []


@pytest.mark.parametrize(
    "text",
    ["/*" * 500_000, "(/[" * 300_000, '"' * 999_999, "`" * 999_999, "(/a" * 300_000, "\\" * 999_999, "{" * 999_999],
)
def test_hostile_files_end_soon(tmp_path: Path, text: str) -> None:
    begun = time.perf_counter()
    found(tmp_path, text, "code.ts")
    assert time.perf_counter() - begun < 30
