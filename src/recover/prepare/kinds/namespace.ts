/** Namespaces: labels and annotations are theirs, the rest is the server's. */
import type { Care } from "../care.ts";
import { changeIn, without } from "../edit.ts";

const NAME_LABEL = "kubernetes.io/metadata.name";

export const namespace: Care = {
  /** spec has nothing but a finalizer that the server adds by itself. */
  clean: (object) => without(object, ["spec"]),
  rename: (object, _captured, target) =>
    changeIn(object, ["metadata", "labels", NAME_LABEL], (name) => (typeof name === "string" ? target.namespace(name) : name)),
};
