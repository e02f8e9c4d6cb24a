import assert from "node:assert/strict";
import { test } from "node:test";
import { limitOf } from "./driver-limits.ts";

test("what drivers are known not to have is told; of others nothing is known", () => {
  const shared = ["ReadWriteMany"];
  assert.equal(limitOf("efs.csi.aws.com", { mode: "Block", accessModes: shared }), "mode");
  assert.equal(limitOf("efs.csi.aws.com", { mode: "Filesystem", accessModes: shared }), undefined);
  assert.equal(limitOf("rook-ceph.cephfs.csi.ceph.com", { mode: "Block", accessModes: ["ReadWriteOnce"] }), "mode");
  assert.equal(limitOf("ebs.csi.aws.com", { mode: "Filesystem", accessModes: shared }), "access-mode");
  assert.equal(limitOf("rook-ceph.rbd.csi.ceph.com", { mode: "Block", accessModes: shared }), undefined);
  assert.equal(limitOf("csi.example.com", { mode: "Block", accessModes: shared }), undefined);
});
