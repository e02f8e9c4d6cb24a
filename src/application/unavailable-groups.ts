/** API groups whose own server does not answer: what they have is not seen, nor that it is there. */
import type { Finding } from "../base/finding.ts";
import type { ResourceTable } from "../kube/resource-table.ts";

/** They have nothing that is stored, and are the first to fail. */
const METRICS = /(?:^|\.)metrics\.k8s\.io\//;

export function unavailableGroups({ staleGroups }: ResourceTable): readonly Finding[] {
  return staleGroups.map((group) => ({
    grade: METRICS.test(group) ? "info" : "partial",
    code: "group_unavailable",
    object: group,
    message: `Cannot see what is in ${group}: its server does not answer`,
  }));
}
