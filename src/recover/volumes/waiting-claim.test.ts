import assert from "node:assert/strict";
import { test } from "node:test";
import { sourceOfClaim, waitingClaim } from "./waiting-claim.ts";

const CLAIM = {
  apiVersion: "v1",
  kind: "PersistentVolumeClaim",
  metadata: { name: "data", labels: { app: "db" } },
  spec: {
    accessModes: ["ReadWriteMany"],
    resources: { requests: { storage: "1Gi" }, limits: { storage: "4Gi" } },
    storageClassName: "fast",
  },
};

test("a waiting claim says what it waits for, and is as it was in all else", () => {
  const waiting = waitingClaim(CLAIM, "01KB3Z", {});
  assert.deepEqual(waiting, {
    ...CLAIM,
    spec: { ...CLAIM.spec, dataSourceRef: { apiGroup: "holdfast.dev", kind: "VolumeRestore", name: "01kb3z" } },
  });
  assert.equal(sourceOfClaim(waiting), "01kb3z");
  assert.equal(sourceOfClaim(CLAIM), undefined);
  const other = { spec: { dataSourceRef: { apiGroup: "snapshot.storage.k8s.io", kind: "VolumeSnapshot", name: "a" } } };
  assert.equal(sourceOfClaim(other), undefined);
});

test("its size and access mode are those that were asked for", () => {
  const { spec } = waitingClaim(CLAIM, "01KB3Z", { size: "2Gi", accessMode: "ReadWriteOnce" }) as typeof CLAIM;
  assert.deepEqual(spec.resources, { requests: { storage: "2Gi" }, limits: { storage: "4Gi" } });
  assert.deepEqual(spec.accessModes, ["ReadWriteOnce"]);
});
