import assert from "node:assert/strict";
import { test } from "node:test";
import { ResourceTable } from "../kube/resource-table.ts";
import { unavailableGroups } from "./unavailable-groups.ts";

test("a group that does not answer may hide something, unless it has metrics only", () => {
  const stale = ["metrics.k8s.io", "custom.metrics.k8s.io", "apps.openshift.io"];
  const table = new ResourceTable(stale.map((group) => ({ group, version: "v1", isStale: true, resources: [] })));
  assert.deepEqual(
    unavailableGroups(table).map(({ grade, object, message }) => [grade, object, message]),
    stale.map((group) => [
      group === "apps.openshift.io" ? "partial" : "info",
      `${group}/v1`,
      `Cannot see what is in ${group}/v1: its server does not answer`,
    ]),
  );
});
