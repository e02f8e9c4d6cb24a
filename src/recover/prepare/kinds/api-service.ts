/** API services: those that the aggregator registers for definitions and for Kubernetes' own groups come by themselves. */
import { objectIn } from "../../../kube/json.ts";
import type { Care } from "../care.ts";
import { leftOut } from "../prepared.ts";

export const apiService: Care = {
  leaveOut: ({ object }) =>
    "kube-aggregator.kubernetes.io/automanaged" in objectIn(objectIn(object, "metadata"), "labels")
      ? leftOut("cluster_made", "the API server registers it by itself")
      : undefined,
};
