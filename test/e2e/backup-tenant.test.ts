import assert from "node:assert/strict";
import { test } from "node:test";
import { claim } from "../support/manifests.ts";
import { SKIP_WITHOUT_CLUSTER } from "../support/needs.ts";
import { assertNothingLeft, backUpVolumes, consistencies, volumeHandles, volumeWorld } from "../support/volume-backups.ts";

test(
  "storage with credentials in the namespace of the claim is captured where Holdfast's namespace has them, and refused where not",
  { skip: SKIP_WITHOUT_CLUSTER },
  async (t) => {
    const world = await volumeWorld(t);
    const { cluster, cli, holdfastNamespace } = world;
    const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "storage-tenant" }, stringData: { tenant: "acme" } };
    await cluster.apply(secret, claim("data", { class: "btrfs-tenant" }));
    await cluster.waitFor("pvc/data", "jsonpath={.status.phase}=Bound");
    const refused = await cli.run("backup", cluster.namespace);
    assert.equal(refused.exitCode, 9, refused.stderr);
    assert.match(refused.stderr, /takes its credentials from the namespace of the claim, and Holdfast's has no Secret "storage-tenant"/);
    await cluster.kubectl("create", "namespace", holdfastNamespace);
    const copy = ["create", "secret", "generic", "storage-tenant", "--from-literal=tenant=acme", `--namespace=${holdfastNamespace}`];
    await cluster.kubectl(...copy);
    assert.deepEqual(consistencies(await backUpVolumes(world)), { data: "crash" });
    await assertNothingLeft(world, await volumeHandles(cluster));
  },
);
