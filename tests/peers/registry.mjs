// Does with the registry client of @confluentinc/schemaregistry what is asked for, a line of JSON for each:
// {"call": "register", "with": [...]} → {"result": …} or {"error": {status, code, message}}.
import { createInterface } from "node:readline";
import registry from "@confluentinc/schemaregistry";

const { SchemaRegistryClient, JsonSerializer, JsonDeserializer, SerdeType } = registry;
const [url, user, token] = process.argv.slice(2);
const client = new SchemaRegistryClient({
  baseURLs: [url],
  basicAuthCredentials: { credentialsSource: "USER_INFO", userInfo: `${user}:${token}` },
  maxRetries: 1,
});
const serdes = {
  async write(topic, message, options) {
    const serializer = new JsonSerializer(client, SerdeType.VALUE, options);
    return (await serializer.serialize(topic, message)).toString("base64");
  },
  async read(topic, data) {
    const deserializer = new JsonDeserializer(client, SerdeType.VALUE, {});
    return deserializer.deserialize(topic, Buffer.from(data, "base64"));
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { call, with: given } = JSON.parse(line);
  let told;
  try {
    const result = await (call in serdes ? serdes[call](...given) : client[call](...given));
    told = { result: result ?? null };
  } catch (error) {
    told = { error: { status: error.status ?? 0, code: error.errorCode ?? 0, message: String(error.message) } };
  }
  process.stdout.write(JSON.stringify(told) + "\n");
}
