import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { Readable } from "node:stream";
import { test } from "node:test";
import { discover } from "../../src/kube/discovery.ts";
import { objectIn, textIn } from "../../src/kube/json.ts";
import { listPages } from "../../src/kube/list.ts";
import { applyObject, createObject, getObject } from "../../src/kube/objects.ts";
import { watch, type WatchEvent } from "../../src/kube/watch.ts";
import { exec } from "../../src/kube/streams/exec.ts";
import { CONFIG_MAPS, configMap, FIELD_MANAGER, openKube } from "../support/kube.ts";
import { pod } from "../support/manifests.ts";
import { SKIP_WITHOUT_CLUSTER } from "../support/needs.ts";
import { devCluster, ownClusterName, processesIn } from "../support/own-cluster.ts";
import { TestCluster } from "../support/test-cluster.ts";

const fieldManager = FIELD_MANAGER;

test("the client works with Kubernetes 1.33, and a watch outlives the server", { skip: SKIP_WITHOUT_CLUSTER }, async (t) => {
  const name = ownClusterName(t);
  const args = ["--name", name, "--control-plane-only", "--version", "1.33"];
  const up = await devCluster("up", args, t.signal);
  assert.equal(up.exitCode, 0, up.stderr);
  const cluster = await TestCluster.open(name, t.signal);
  const { namespace } = cluster;
  const api = await openKube(t, cluster.kubeconfig);

  const table = await discover(api, t.signal);
  assert.deepEqual([table.find("hpa").version, table.find("deploy").subresources.has("scale"), table.staleGroups], ["v2", true, []]);
  const place = { namespace, name: "a" };
  const applied = await applyObject(api, CONFIG_MAPS, place, configMap("a", { k: "1" }), { fieldManager });
  assert.deepEqual(await getObject(api, CONFIG_MAPS, place), applied);
  const pages = await Array.fromAsync(listPages(api, CONFIG_MAPS, { namespace, isMetadataOnly: true }));
  assert.ok(pages.flatMap(({ items }) => items).every((item) => item["kind"] === "ConfigMap" && !("data" in item)));

  // Without a node there is nobody who would run it.
  await cluster.apply(pod("a", { image: "none" }));
  const stdin = Readable.from([Buffer.from("exit 3")]);
  await assert.rejects(exec(api, { namespace, pod: "a" }, { command: ["sh"], stdin }), {
    code: "kube_invalid",
    message: /no.* host assigned$/,
  });

  const events = watch(api, CONFIG_MAPS, { namespace, resourceVersion: pages[0]?.resourceVersion, signal: t.signal });
  const named = async (): Promise<string> => {
    for await (const event of { [Symbol.asyncIterator]: () => ({ next: () => events.next() }) } satisfies AsyncIterable<WatchEvent>) {
      if ("object" in event) return `${event.type} ${textIn(objectIn(event.object, "metadata"), "name")}`;
    }
    return "nothing";
  };
  await createObject(api, CONFIG_MAPS, configMap("b"), { namespace, fieldManager });
  assert.equal(await named(), "added b");
  await killServer(name);
  assert.equal((await devCluster("up", args, t.signal)).exitCode, 0);
  await createObject(api, CONFIG_MAPS, configMap("c"), { namespace, fieldManager });
  assert.equal(await named(), "added c");
  await events.return();
});

async function killServer(name: string): Promise<void> {
  for (const pid of await processesIn(name)) {
    const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    if (command.includes("\0kube-apiserver\0")) process.kill(pid, "SIGKILL");
  }
}
