/** Quotas: some of what they count is called after a storage class. */
import { isJsonObject } from "../../../kube/json.ts";
import type { Care } from "../care.ts";
import { at, changeIn } from "../edit.ts";

const OF_CLASS = ".storageclass.storage.k8s.io/";

export const quota: Care = {
  rename: (object, _captured, target) =>
    changeIn(object, at("spec.hard"), (hard) => {
      if (!isJsonObject(hard)) return hard;
      return Object.fromEntries(
        Object.entries(hard).map(([counted, limit]) => {
          const [name = "", what] = counted.split(OF_CLASS);
          if (what === undefined) return [counted, limit];
          return [`${target.name({ group: "storage.k8s.io", kind: "StorageClass", namespace: undefined, name })}${OF_CLASS}${what}`, limit];
        }),
      );
    }),
};
