/** What stands in the place of an object without being another one: it keeps its uid, who owns it and who holds it. Pure. */
import { type JsonObject, objectIn } from "../../kube/json.ts";

const KEPT: ReadonlySet<string> = new Set(["uid", "resourceVersion", "ownerReferences", "finalizers"]);

export function replacement(live: JsonObject, wanted: JsonObject): JsonObject {
  const metadata = objectIn(live, "metadata");
  const kept = Object.entries(metadata).filter(([name]) => KEPT.has(name));
  return { ...wanted, metadata: { ...objectIn(wanted, "metadata"), ...Object.fromEntries(kept) } };
}
