/** Of a captured object, what is to be created at the target. Pure: the same object and target always give the same. */
import { groupOf } from "../../kube/object-id.ts";
import { objectIn, textIn } from "../../kube/json.ts";
import type { PointObject } from "../../point/point-object.ts";
import { cleanMetadata, managedFieldsIn, ownersIn } from "./metadata.ts";
import type { Prepared } from "./prepared.ts";
import type { Target } from "./target.ts";
import { waveOf } from "./waves.ts";

export function prepare(captured: PointObject, target: Target): Prepared {
  const { resource, object } = captured;
  const metadata = objectIn(object, "metadata");
  const namespace = captured.namespace === undefined ? undefined : target.namespace(captured.namespace);
  const name = target.name({
    group: resource.group,
    kind: textIn(object, "kind") ?? "",
    namespace: captured.namespace,
    name: captured.name,
  });
  return {
    kind: "object",
    resource,
    namespace,
    name,
    object: { ...object, metadata: { ...cleanMetadata(metadata), name, ...(namespace === undefined ? {} : { namespace }) } },
    uid: textIn(metadata, "uid"),
    managedFields: managedFieldsIn(metadata, false),
    owners: ownersIn(metadata, (owner) =>
      target.name({ group: groupOf(owner.apiVersion), kind: owner.kind, namespace: captured.namespace, name: owner.name }),
    ),
    status: undefined,
    wave: waveOf(resource),
    isMerged: false,
    mentions: [],
  };
}
