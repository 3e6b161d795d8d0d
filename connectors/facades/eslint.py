"""The facade rule as a flat configuration of ESLint: static imports by one of its rules, all others by selectors."""

import json
from collections.abc import Iterable
from typing import Any

from connectors.facades.bans import NPM, Bans, Facade

SCRIPTS = ("js", "mjs", "cjs", "jsx")
TYPED = ("ts", "mts", "cts", "tsx")
# A name, or a path inside its package; esquery takes no slash in a regular expression.
_RULES = """const restricted = (free, computed = []) => {
  const names = Object.keys(messages).filter((name) => !free.includes(name));
  const inside = (name) => `/^${name.replace(/[.]/g, "\\\\.").replaceAll("/", "\\\\u002F")}(?:\\\\u002F|$)/`;
  const call = (source) => [
    `[callee.name='require']${source}`,
    `[callee.object.name=/^(?:require|module)$/][callee.property.name=/^(?:require|resolve)$/]${source}`,
    `[callee.object.type='MetaProperty'][callee.property.name='resolve']${source}`,
    `[callee.callee.name='createRequire']${source}`,
    `[callee.callee.property.name='createRequire']${source}`,
  ].map((one) => `CallExpression${one}`);
  const selectors = (name) => [
    ...call(`[arguments.0.value=${inside(name)}]`),
    ...call(`[arguments.0.quasis.length=1][arguments.0.quasis.0.value.cooked=${inside(name)}]`),
    `ImportExpression[source.value=${inside(name)}]`,
    `ImportExpression[source.quasis.length=1][source.quasis.0.value.cooked=${inside(name)}]`,
    `TSExternalModuleReference[expression.value=${inside(name)}]`,
    `TSImportType[argument.value=${inside(name)}]`,
    `TSImportType[argument.literal.value=${inside(name)}]`,
    `TSImportType[source.value=${inside(name)}]`,
  ];
  return {
    "no-restricted-imports": ["error", {
      paths: names.map((name) => ({ name, message: messages[name] })),
      patterns: names.map((name) => ({ group: [`${name}/*`], caseSensitive: true, message: messages[name] })),
    }],
    "no-restricted-syntax": ["error",
      ...names.flatMap((name) => selectors(name).map((selector) => ({ selector, message: messages[name] }))),
      ...computed],
  };
};
"""
_ALL = '["**/*.{' + ",".join((*SCRIPTS, *TYPED)) + '}"]'
COMPUTED = "computed"
# Where a relative path begins, nothing of a vendor is meant.
_RELATIVE = r"/^\.{0,2}\u002F/"


def _computed() -> list[dict[str, str]]:
    found = []
    for node, source in (
        ("ImportExpression", "source"),
        ("CallExpression[callee.name='require']", "arguments.0"),
        ("CallExpression[callee.object.name='module'][callee.property.name='require']", "arguments.0"),
    ):
        apart = f"[{source}.left.value!={_RELATIVE}][{source}.left.left.value!={_RELATIVE}]"
        found.append(f"{node}[{source}.type][{source}.type!=/Literal$/]{apart}")
        found.append(f"{node}[{source}.quasis.length>1][{source}.quasis.0.value.raw!={_RELATIVE}]")
    return [{"selector": one, "message": COMPUTED} for one in found]


def module_text(facades: list[Facade], roots: list[str]) -> str:
    """The module that a project imports into its own configuration. A facade may import its own vendor, and no other."""
    bans = Bans(facades, NPM)
    with_npm = [one for one in facades if one.npm_packages]
    # From the outermost on: of the blocks that a file lies in, ESLint goes by the last.
    modules = sorted({one.parts for one in with_npm}, key=lambda one: (len(one), one))
    places = [{"files": _files(module, roots), "free": sorted(_free(module, with_npm))} for module in modules]
    return (
        f"const messages = {_json({ban.package: ban.message for ban in bans})};\n"
        f"const facades = {_json(places)};\n"
        f"{_RULES}"
        "export default [\n"
        f"  {{ files: {_ALL}, rules: restricted([]) }},\n"
        "  ...facades.map(({ files, free }) => ({ files, rules: restricted(free) })),\n"
        "];\n"
    )


def check_text(packages: Iterable[str], parser: str = "") -> str:
    """The module that `facade-check` runs: every message is the name of a package, or says that a name is computed."""
    names = {name: name for name in sorted(packages)}
    text = f"const messages = {_json(names)};\nconst computed = {_json(_computed())};\n{_RULES}"
    javascript = '["**/*.{' + ",".join(SCRIPTS) + '}"]'
    options = "languageOptions: { ecmaVersion: 'latest', parserOptions: { ecmaFeatures: { jsx: true } } }"
    text += f"const blocks = [{{ files: {javascript}, {options}, rules: restricted([], computed) }}];\n"
    if parser:
        text += (
            'import { createRequire } from "node:module";\n'
            f"const found = createRequire(import.meta.url)({_json(parser)});\n"
            "const parser = found.parser ?? found;\n"
            "const babel = (plugins) => ({ requireConfigFile: false, babelOptions: { babelrc: false, configFile: false,\n"
            "  parserOpts: { plugins: ['typescript', 'decorators-legacy', ...plugins] } } });\n"
            "for (const [ending, jsx] of [['{ts,mts,cts}', false], ['tsx', true]]) {\n"
            "  const parserOptions = { ...babel(jsx ? ['jsx'] : []), ecmaFeatures: { jsx } };\n"
            "  const languageOptions = { parser, parserOptions };\n"
            "  blocks.push({ files: [`**/*.${ending}`], languageOptions, rules: restricted([], computed) });\n"
            "}\n"
        )
    return text + "export default blocks;\n"


def _files(module: tuple[str, ...], roots: list[str]) -> list[str]:
    ending = "{" + ",".join((*SCRIPTS, *TYPED)) + "}"
    named = ["/".join([*([root.strip("/")] if root.strip("/") else []), *module]) for root in roots]
    return [pattern for one in named for pattern in (f"{one}.{ending}", f"{one}/**")]


def _free(module: tuple[str, ...], facades: list[Facade]) -> set[str]:
    """What a file of this module may import: the vendors of this facade, and of those that it lies in."""
    return {name for one in facades if module[: len(one.parts)] == one.parts for name in one.npm_packages}


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True)
