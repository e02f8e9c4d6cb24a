/** Workloads that keep others running: their controllers count revisions of their own. */
import type { Care } from "../care.ts";
import { at, withoutEntries } from "../edit.ts";

const COUNTED: ReadonlySet<string> = new Set(["deployment.kubernetes.io/revision", "deprecated.daemonset.template.generation"]);

export const workload: Care = {
  clean: (object) => withoutEntries(object, at("metadata.annotations"), (name) => COUNTED.has(name)),
};

/** Controllers report in annotations what old versions of the API have no field for. */
export const autoscaler: Care = {
  clean: (object) =>
    withoutEntries(object, at("metadata.annotations"), (name) =>
      ["autoscaling.alpha.kubernetes.io/conditions", "autoscaling.alpha.kubernetes.io/current-metrics"].includes(name),
    ),
};
