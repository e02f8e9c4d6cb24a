/** Claims: bound anew, to a volume of the target. */
import { isJsonObject } from "../../../kube/json.ts";
import type { Care } from "../care.ts";
import { at, changeIn, without, withoutEntries } from "../edit.ts";

/** What binding and provisioning noted on the claim. */
const BINDING: ReadonlySet<string> = new Set([
  "pv.kubernetes.io/bind-completed",
  "pv.kubernetes.io/bound-by-controller",
  "volume.beta.kubernetes.io/storage-provisioner",
  "volume.kubernetes.io/storage-provisioner",
  "volume.kubernetes.io/storage-resizer",
  "volume.kubernetes.io/selected-node",
]);

/** How claims named their class before there was a field for it. Servers still obey it. */
const CLASS_ANNOTATION = "volume.beta.kubernetes.io/storage-class";

export const claim: Care = {
  clean(object) {
    // What a volume was made of once is not what it holds now.
    const cleaned = changeIn(object, ["spec"], (spec) =>
      isJsonObject(spec) ? without(spec, ["volumeName", "dataSource", "dataSourceRef"]) : spec,
    );
    return withoutEntries(cleaned, at("metadata.annotations"), (name) => BINDING.has(name));
  },
  rename: (object, _captured, target) =>
    changeIn(object, ["metadata", "annotations", CLASS_ANNOTATION], (name) =>
      typeof name === "string" ? target.name({ group: "storage.k8s.io", kind: "StorageClass", namespace: undefined, name }) : name,
    ),
};
