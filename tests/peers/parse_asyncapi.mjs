// Reads an AsyncAPI document as other tools do and prints what it finds, as JSON.
import { readFileSync } from "node:fs";
import { Parser } from "@asyncapi/parser";
import Ajv2020 from "ajv/dist/2020.js";

const parser = new Parser();
parser.registerSchemaParser({
  getMimeTypes: () => ["application/schema+json;version=2020-12"],
  validate: ({ data, path }) => {
    const judge = new Ajv2020({ strict: false, validateFormats: false });
    if (judge.validateSchema(data)) return [];
    return judge.errors.map((error) => ({ message: error.message, path }));
  },
  parse: ({ data }) => data,
});

const { document, diagnostics } = await parser.parse(readFileSync(process.argv[2], "utf8"));
const channels = {};
const operations = {};
for (const channel of document?.channels().all() ?? []) {
  channels[channel.address()] = channel.messages().all().map((message) => message.id()).sort();
}
for (const operation of document?.operations().all() ?? []) {
  operations[operation.id()] = [operation.action(), operation.messages().all().map((message) => message.id())];
}
const said = diagnostics.map(({ code, message, path, severity }) => ({ code, message, path, severity }));
console.log(JSON.stringify({ parsed: document !== undefined, channels, operations, diagnostics: said }));
