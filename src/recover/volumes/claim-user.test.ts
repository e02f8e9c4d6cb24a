import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "../../kube/json.ts";
import { userIn } from "./claim-user.ts";

function pod(
  mount: JsonObject,
  changes: { readonly metadata?: JsonObject; readonly source?: JsonObject; readonly state?: JsonObject } = {},
): JsonObject {
  const { metadata = {}, source = {}, state = { running: {} } } = changes;
  return {
    metadata: { name: "web-0", ...metadata },
    spec: {
      volumes: [{ name: "v", persistentVolumeClaim: { claimName: "data", ...source } }],
      containers: [
        { name: "proxy", volumeMounts: [] },
        { name: "main", volumeMounts: [{ name: "v", mountPath: "/data", ...mount }] },
      ],
    },
    status: {
      containerStatuses: [
        { name: "proxy", state: { running: {} } },
        { name: "main", state },
      ],
    },
  };
}

test("files go through a running container that has the whole volume and may write to it", () => {
  assert.deepEqual(userIn(pod({}), "data"), { pod: "web-0", container: "main", mountPath: "/data" });
  assert.equal(userIn(pod({}), "other"), undefined);
  assert.equal(userIn(pod({ readOnly: true }), "data"), undefined);
  assert.equal(userIn(pod({ subPath: "a" }), "data"), undefined);
  assert.equal(userIn(pod({}, { source: { readOnly: true } }), "data"), undefined);
  assert.equal(userIn(pod({}, { state: { waiting: {} } }), "data"), undefined);
  assert.equal(userIn(pod({}, { metadata: { deletionTimestamp: "2026-05-01T00:00:00Z" } }), "data"), undefined);
});
