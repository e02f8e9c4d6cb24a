/** Persistent volumes: those that somebody made by hand and that outlive their claims name storage; all others are storage. */
import { isJsonObject, type JsonObject, objectIn, textIn } from "../../../kube/json.ts";
import type { Care } from "../care.ts";
import { at, changeIn, without, withoutEntries } from "../edit.ts";
import { leftOut } from "../prepared.ts";
import type { Target } from "../target.ts";

const PROVISIONED_BY = "pv.kubernetes.io/provisioned-by";
const BINDING: ReadonlySet<string> = new Set(["pv.kubernetes.io/bound-by-controller"]);

export const volume: Care = {
  leaveOut({ object }, target) {
    if (PROVISIONED_BY in objectIn(objectIn(object, "metadata"), "annotations")) {
      return leftOut("volume", "it was made for a claim, and another will be for the restored claim");
    }
    const claim = objectIn(objectIn(object, "spec"), "claimRef");
    if (target.isSameCluster && isElsewhere(claim, target)) return leftOut("volume", "the original claim has it");
    const policy = textIn(objectIn(object, "spec"), "persistentVolumeReclaimPolicy") ?? "Delete";
    return policy === "Retain" ? undefined : leftOut("volume", `its reclaim policy is "${policy}": what it names went with its claim`);
  },
  clean(object) {
    const cleaned = changeIn(object, at("spec.claimRef"), (claim) =>
      isJsonObject(claim) ? without(claim, ["uid", "resourceVersion"]) : claim,
    );
    return withoutEntries(cleaned, at("metadata.annotations"), (name) => BINDING.has(name));
  },
};

function isElsewhere(claim: JsonObject, target: Target): boolean {
  const [namespace = "", name = ""] = ["namespace", "name"].map((field) => textIn(claim, field));
  return target.namespace(namespace) !== namespace || target.name({ group: "", kind: "PersistentVolumeClaim", namespace, name }) !== name;
}

/** A snapshot taken anew would be of an empty volume. */
export const volumeSnapshot: Care = {
  leaveOut: () => leftOut("volume", "it is a snapshot of a volume as it was"),
};
