import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "../../kube/json.ts";
import { inlineVolumes } from "./inline-volumes.ts";

function pod(name: string, ...volumes: readonly JsonObject[]): JsonObject {
  return { metadata: { namespace: "shop", name }, spec: { volumes } };
}

test("data that a pod has without a claim is named once; what the node has for everybody is not", () => {
  const nfs = { name: "media", nfs: { server: "nas", path: "/media" } };
  const findings = inlineVolumes([
    pod("web-1", nfs, { name: "tmp", emptyDir: {} }, { name: "data", persistentVolumeClaim: { claimName: "data" } }),
    pod("web-2", nfs, { name: "disk", hostPath: { path: "/srv/data" } }),
    pod("agent", { name: "proc", hostPath: { path: "/proc" } }, { name: "docker", hostPath: { path: "/var/lib/docker.sock" } }),
  ]);
  assert.deepEqual(
    findings.map(({ code, object, message }) => [code, object, message]),
    [
      ["volume_without_claim", "pod shop/web-1", 'Its volume "media" (nfs) has no claim, so what is in it is not in the point'],
      ["volume_without_claim", "pod shop/web-2", 'Its volume "disk" (hostPath) has no claim, so what is in it is not in the point'],
    ],
  );
});
