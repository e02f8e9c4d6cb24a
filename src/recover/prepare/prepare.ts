/** Of a captured object, what is to be created at the target. Pure: the same object and target always give the same. */
import { type JsonObject, objectIn, textIn } from "../../kube/json.ts";
import { groupOf } from "../../kube/object-id.ts";
import type { PointObject } from "../../point/point-object.ts";
import { careOf } from "./cares.ts";
import { changeIn, without } from "./edit.ts";
import { follow } from "./follow.ts";
import { changeLastApplied } from "./last-applied.ts";
import { mentionsOf } from "./mentions.ts";
import { cleanMetadata, managedFieldsIn, ownersIn } from "./metadata.ts";
import { leaveOutAlways } from "./never.ts";
import type { Prepared } from "./prepared.ts";
import { statusOf } from "./status.ts";
import { referencedName, type Target } from "./target.ts";
import { waveOf } from "./waves.ts";

/** @throws {DomainError} corrupt/helm_release: it holds a Helm release that has to be changed and cannot be read */
export function prepare(captured: PointObject, target: Target): Prepared {
  const { resource, object } = captured;
  const care = careOf(resource);
  const reason = leaveOutAlways(captured) ?? care.leaveOut?.(captured, target);
  if (reason !== undefined) return reason;

  const metadata = objectIn(object, "metadata");
  const id = { group: resource.group, kind: textIn(object, "kind") ?? "", namespace: captured.namespace, name: captured.name };
  const namespace = captured.namespace === undefined ? undefined : target.namespace(captured.namespace);
  const name = care.name?.(target.name(id), captured, target) ?? target.name(id);
  const status = statusOf(captured);

  const bare = without({ ...object, metadata: cleanMetadata(metadata) }, ["status"]);
  const cleaned = care.clean?.(bare, captured, target) ?? bare;
  const renamed = (before: JsonObject): JsonObject => {
    const after = follow(care.rename?.(before, captured, target) ?? before, captured, target);
    // Whoever applied it may have named the namespace elsewhere.
    return changeIn(
      changeIn(after, ["metadata", "name"], () => name),
      ["metadata", "namespace"],
      () => namespace,
    );
  };
  const there = target.changesNames ? changeLastApplied(renamed(cleaned), renamed) : cleaned;
  return {
    kind: "object",
    resource,
    namespace,
    name,
    object: there,
    uid: textIn(metadata, "uid"),
    managedFields: managedFieldsIn(metadata, status?.isNeeded === true),
    owners: ownersIn(metadata, (owner) =>
      referencedName(target, { ...id, group: groupOf(owner.apiVersion), kind: owner.kind, name: owner.name }),
    ),
    status,
    wave: waveOf(resource),
    isMerged: care.isMerged?.(captured) ?? false,
    mentions: mentionsOf(there, target.renamedNamespaces),
  };
}
