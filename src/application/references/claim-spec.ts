/** What the spec of a claim refers to: that of a claim, of a claim template of a StatefulSet, or of a volume that lives as long as its pod. */
import { type JsonValue, objectIn, textIn } from "../../kube/json.ts";
import { type Reference, STORAGE_CLASS, to, VOLUME } from "./reference.ts";

const ATTRIBUTES_CLASS = { group: "storage.k8s.io", kind: "VolumeAttributesClass" };

export function* claimSpecReferences(spec: JsonValue, namespace: string | undefined): Iterable<Reference> {
  yield* to(STORAGE_CLASS, undefined, textIn(spec, "storageClassName"), "storage class");
  yield* to(ATTRIBUTES_CLASS, undefined, textIn(spec, "volumeAttributesClassName"), "volume attributes class");
  yield* to(VOLUME, undefined, textIn(spec, "volumeName"), "its volume");
  for (const field of ["dataSource", "dataSourceRef"]) {
    const source = objectIn(spec, field);
    const kind = { group: textIn(source, "apiGroup") ?? "", kind: textIn(source, "kind") ?? "" };
    yield* to(kind, textIn(source, "namespace") ?? namespace, textIn(source, "name"), "made from it");
  }
}
