"""Scripts that go around a facade, found by the real ESLint: as the check runs it, and as the written configuration has it."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from connectors.facades.writing import written
from tests.connectors.facades.code import CRM, FACADES, checked, write
from tests.peers.tools import BIN, MODULES, needs_node

pytestmark = needs_node("eslint")
IMPORTS = {
    "default": 'import s from "stripe";',
    "named, single quotes": "import { Charge } from 'stripe';",
    "for its effect": 'import "stripe";',
    "a path in it": 'import x from "stripe/lib/x.js";',
    "handed on": 'export * from "stripe";',
    "handed on by name": 'export { x } from "stripe/x";',
    "in other letters": 'import s from "str\\u0069pe";',
    "in hex": 'import s from "\\x73tripe";',
    "in wide hex": 'import s from "\\u{073}tripe";',
    "silenced": 'import s from "stripe"; // eslint-disable-line',
    "silenced for the file": '/* eslint-disable */\nimport s from "stripe";',
    "beside a stray quote": "const a = \"it's\"; import s from 'stripe';",
}
AT_RUN_TIME = {
    "required": 'const s = require("stripe");',
    "required, a path": "require('stripe/lib')",
    "required in a template": "require(`stripe`)",
    "imported": 'const s = await import("stripe");',
    "imported in a template": "const s = await import(`stripe/x`);",
    "in octal": "require('\\163tripe')",
    "over a line's end": "require('str\\\nipe')",
    "by the module": 'module.require("stripe");',
    "looked for": 'require.resolve("stripe");',
    "looked for by meta": 'import.meta.resolve("stripe");',
    "by a require that is made": 'import { createRequire } from "node:module";\ncreateRequire(import.meta.url)("stripe");',
}
TYPED = {
    "for types": ('import type { S } from "stripe";', "import"),
    "for types, inline": ('import { type S } from "stripe";', "import"),
    "the old way": ('import S = require("stripe");', "import"),
    "as a type": ('type T = import("stripe").Foo;', "dynamic"),
    "beside a cast": ('const a = <string>b;\nimport s from "stripe";', "import"),
    "decorated": ('@dec class A { private x?: number }\nimport s from "stripe";', "import"),
}
LOOK_ALIKES = {
    "longer": 'import a from "stripe-utils";\nimport b from "stripes/x";\nimport c from "@stripe/stripe-js";',
    "relative": 'import a from "./stripe";\nimport b from "../stripe/x.js";\nimport("./stripe"); require("../stripe");',
    "a path of another": 'import a from "mine/stripe";',
    "in a scope": 'import a from "@mine/stripe";',
    "other case": 'import a from "Stripe";',
    "a text": 'log("stripe"); const s = "stripe"; // import "stripe"',
    "a word of a sentence": 'log("pay by stripe"); require("./x" + "/stripe");',
    "a scope of another": 'import a from "@salesforce/core-x"; import b from "@salesforce/other";',
    "a relative name that is computed": "require('./' + x); import(`../${x}`); require('./a/' + x + '.js');",
}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "node_modules").symlink_to(MODULES)
    return tmp_path


def found(place: Path) -> list[tuple[str, str]]:
    return [
        (one.rule, one.connectors[0] if one.connectors else "") for one in checked(place, python_only=False).findings
    ]


@pytest.mark.parametrize("code", IMPORTS.values(), ids=IMPORTS)
def test_an_import_outside_of_the_facade_is_found(place: Path, code: str) -> None:
    write(place, "app/mine.js", code)
    (one,) = checked(place, python_only=False).findings
    assert (one.rule, one.connectors) == ("import", ("payments",))
    assert one.line == len(code.splitlines())
    assert "use facades.pay" in one.message


@pytest.mark.parametrize("code", AT_RUN_TIME.values(), ids=AT_RUN_TIME)
def test_an_import_at_run_time_is_found(place: Path, code: str) -> None:
    write(place, "app/mine.cjs" if "163" in code else "app/mine.mjs", code)
    assert found(place) == [("dynamic", "payments")]


@pytest.mark.parametrize(("code", "rule"), TYPED.values(), ids=TYPED)
def test_typescript_is_found_where_eslint_has_a_parser(place: Path, code: str, rule: str) -> None:
    write(place, "app/mine.ts", code)
    assert found(place) == [(rule, "payments")]


def test_markup_in_scripts_is_read(place: Path) -> None:
    for name in ("a.jsx", "b.tsx"):
        write(place, name, 'import s from "stripe";\nexport const a = () => <b>{s}</b>;\n')
    assert found(place) == [("import", "payments")] * 2


@pytest.mark.parametrize("code", LOOK_ALIKES.values(), ids=LOOK_ALIKES)
@pytest.mark.parametrize("ending", ["js", "ts"])
def test_what_only_looks_like_a_vendor_is_left_alone(place: Path, code: str, ending: str) -> None:
    write(place, f"app/mine.{ending}", code)
    assert found(place) == []


@pytest.mark.parametrize("code", ["require(name)", "import(name)", "import(`${name}/x`)", "require('str' + name)"])
def test_a_computed_name_is_a_warning(place: Path, code: str) -> None:
    write(place, "mine.js", code)
    assert found(place) == [("computed", "")]
    assert checked(place, python_only=False).faults == []


def test_a_facade_may_import_its_own_vendor_and_no_other(place: Path) -> None:
    for name in ("facades/pay.ts", "facades/pay/client.js", "src/facades/pay.mjs"):
        write(place, name, 'import a from "stripe";\nimport b from "@salesforce/core/x";\n')
    assert found(place) == [("import", CRM[0])] * 3


def test_what_the_code_base_says_to_eslint_voids_nothing(place: Path) -> None:
    write(place, "app/mine.js", 'import s from "stripe";')
    write(place, "eslint.config.mjs", 'export default [{ ignores: ["**"] }];')
    write(place, ".eslintignore", "**")
    count = {"no-restricted-imports": {"count": 1}}
    write(place, "eslint-suppressions.json", json.dumps({"app/mine.js": count, "mine.js": count}))
    write(place, "app/eslint-suppressions.json", json.dumps({"app/mine.js": count, "mine.js": count}))
    assert found(place) == [("import", "payments")]


def test_broken_scripts_are_reported(place: Path) -> None:
    write(place, "bad.js", "import s from 'stripe'; let = = 3")
    write(place, "bad.ts", "require(name); const a: = 3")
    assert found(place) == [("unreadable", "")] * 2


def test_typescript_without_a_parser_is_told_as_not_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.facades.checking.scripts.PARSERS", ("not-there",))
    (tmp_path / "node_modules").symlink_to(MODULES)
    write(tmp_path, "mine.ts", 'import s from "stripe";')
    write(tmp_path, "mine.js", 'import s from "stripe";')
    told = checked(tmp_path, python_only=False)
    assert [Path(one.path).name for one in told.findings] == ["mine.js"]
    assert "1 files of TypeScript were not checked" in told.missed[0]


def test_the_written_configuration_does_the_same_in_a_project_of_its_own(place: Path) -> None:
    """Imported into the configuration of a project, where a facade is free of its own vendor alone."""
    (place / "facades.eslint.mjs").write_text(written("eslint", FACADES, roots=["", "src"]), encoding="utf-8")
    write(place, "eslint.config.mjs", 'import facades from "./facades.eslint.mjs";\nexport default [...facades];\n')
    for number, code in enumerate([*IMPORTS.values(), *AT_RUN_TIME.values()]):
        write(place, f"app/fault{number}.{'cjs' if '163' in code else 'mjs'}", code)
    for number, code in enumerate(LOOK_ALIKES.values()):
        write(place, f"app/fine{number}.mjs", code)
    write(place, "src/facades/pay.mjs", 'import a from "stripe";\nimport b from "@salesforce/core/x";\n')
    done = subprocess.run(
        [str(BIN / "eslint"), "--no-inline-config", "--format", "json", "."], cwd=place, capture_output=True, text=True,
        check=False, env=os.environ,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    told = {Path(one["filePath"]).name: one["messages"] for one in json.loads(done.stdout)}
    for name, messages in told.items():
        if name.startswith("fault"):
            assert {one["ruleId"] for one in messages} <= {"no-restricted-imports", "no-restricted-syntax"}
            assert messages, name
            assert all("stripe belongs to connector payments: use facades.pay instead." in one["message"]
                       for one in messages)  # fmt: skip
        elif name.startswith("fine"):
            assert messages == [], name
    assert ["@salesforce/core" in one["message"] for one in told["pay.mjs"]] == [True]
