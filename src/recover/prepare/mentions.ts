/** Where texts of people speak of a renamed namespace: in a host name, or in a variable that is called so. Nobody but them can say what it means. */
import { isJsonObject, type JsonObject, type JsonValue, textIn } from "../../kube/json.ts";

/** More of one object help nobody. */
const MAX_MENTIONS = 20;
/** Longer texts are passed over: they are files, and looking for names in them costs time. */
const MAX_LENGTH = 64 * 1024;

/** Paths of fields, as `spec.template.spec.containers[0].env[2].value`; never what is in them. */
export function mentionsOf(object: JsonObject, namespaces: readonly string[]): readonly string[] {
  if (namespaces.length === 0) return [];
  const names = namespaces.map((name) => RegExp.escape(name)).join("|");
  // `db.shop`, `db.shop.svc` and `db.shop.svc.cluster.local`, where a host name can be.
  const host = new RegExp(`(?:^|[/@:,;=\\s"'])[a-z0-9-]+(?:\\.[a-z0-9-]+)*\\.(?:${names})(?:\\.svc|[:/,;\\s"']|$)`);
  const exact = new RegExp(`^(?:${names})$`);
  const isSecret = object["kind"] === "Secret";
  const mentions: string[] = [];

  const look = (value: JsonValue, path: string, name: string): void => {
    if (mentions.length >= MAX_MENTIONS) return;
    if (typeof value === "string") {
      const text = isSecret && path.startsWith("data.") ? Buffer.from(value, "base64").toString("utf8") : value;
      if (text.length <= MAX_LENGTH && (host.test(text) || (/namespace/i.test(name) && exact.test(text)))) mentions.push(path);
    } else if (Array.isArray(value)) {
      for (const [index, item] of (value as readonly JsonValue[]).entries()) look(item, `${path}[${index}]`, name);
    } else if (isJsonObject(value)) {
      for (const [field, inner] of Object.entries(value)) {
        // The name of a variable is beside its value.
        look(inner, path === "" ? field : `${path}.${field}`, field === "value" ? (textIn(value, "name") ?? field) : field);
      }
    }
  };
  for (const [field, value] of Object.entries(object)) {
    if (!["apiVersion", "kind", "metadata", "status"].includes(field)) look(value, field, field);
  }
  return mentions;
}
