import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { environment } from "../support/environment.ts";
import { claim, IDLE, pod, snapshot } from "../support/manifests.ts";
import { SKIP_WITHOUT_CLUSTER } from "../support/needs.ts";

const options = { skip: SKIP_WITHOUT_CLUSTER };

test("the plain driver's volumes wait for a pod, and cannot be snapshotted", options, async (t) => {
  const cluster = await environment(t).cluster();
  const image = await cluster.image("shell");
  await cluster.apply(claim("late", { class: "plain" }), claim("early", { class: "btrfs" }));
  await cluster.waitFor("pvc/early", "jsonpath={.status.phase}=Bound");
  assert.equal(await cluster.field("pvc/late", ".status.phase"), "Pending");
  await cluster.apply(pod("user", { image, command: IDLE, mounts: { "/data": "late" } }));
  await cluster.waitFor("pod/user", "condition=Ready");
  assert.equal(
    await cluster.kubectl(
      "get",
      "volumesnapshotclasses",
      "--output=jsonpath={.items[?(@.driver=='plain.csi.holdfast.dev')].metadata.name}",
    ),
    "",
  );
  await cluster.apply(snapshot("impossible", "late", "btrfs"));
  await cluster.waitFor("volumesnapshot/impossible", "jsonpath={.status.readyToUse}=false");
  assert.match(await cluster.field("volumesnapshot/impossible", ".status.error.message"), /^Failed to create snapshot/);
});

test("a volume grows while it is in use, and is full when it is full", options, async (t) => {
  const cluster = await environment(t).cluster();
  const image = await cluster.image("shell");
  await cluster.apply(claim("data", { size: "32Mi" }), pod("user", { image, command: IDLE, mounts: { "/data": "data" } }));
  await cluster.waitFor("pod/user", "condition=Ready");
  const fill = (name: string): Promise<string> =>
    cluster.exec("user", "sh", "-c", `dd if=/dev/urandom of=/data/${name} bs=1M count=48 conv=fsync 2>&1; stat -c %s /data/${name}`);
  assert.match(await fill("one"), /No space left on device|Disk quota exceeded/);
  await cluster.exec("user", "rm", "/data/one");
  await cluster.apply(claim("data", { size: "128Mi" }));
  await cluster.waitFor("pvc/data", "jsonpath={.status.capacity.storage}=128Mi");
  assert.match(await fill("two"), new RegExp(`^${48 * 1024 ** 2}$`, "m"));
});

test("a claim larger than the storage stays pending and says why", options, async (t) => {
  const cluster = await environment(t).cluster();
  await cluster.apply(claim("huge", { size: "100Ti" }));
  const reason = (): Promise<string> =>
    cluster.kubectl("get", "events", "--field-selector=involvedObject.name=huge,type=Warning", "--output=jsonpath={.items[*].message}");
  let message = "";
  while (message === "") {
    await sleep(100, undefined, { signal: t.signal });
    message = await reason();
  }
  assert.match(message, /ResourceExhausted/);
});

test("a slow snapshot is cut at once and ready later", options, async (t) => {
  const cluster = await environment(t).cluster();
  const image = await cluster.image("shell");
  await cluster.apply(claim("data"), pod("user", { image, command: IDLE, mounts: { "/data": "data" } }));
  await cluster.waitFor("pod/user", "condition=Ready");
  await cluster.exec("user", "sh", "-c", "echo old > /data/file; sync");
  await cluster.apply(snapshot("slow", "data", "btrfs-slow"));
  await cluster.waitFor("volumesnapshot/slow", "jsonpath={.status.creationTime}");
  assert.equal(await cluster.field("volumesnapshot/slow", ".status.readyToUse"), "false");
  await cluster.exec("user", "sh", "-c", "echo new > /data/file; sync");
  await cluster.waitFor("volumesnapshot/slow", "jsonpath={.status.readyToUse}=true");
  await cluster.apply(claim("copy", { snapshot: "slow" }), pod("reader", { image, command: IDLE, mounts: { "/data": "copy" } }));
  await cluster.waitFor("pod/reader", "condition=Ready");
  assert.equal(await cluster.exec("reader", "cat", "/data/file"), "old\n", "what was written after the cut is not in it");
});

test("a class that takes its credentials from the claim's namespace fails where they are missing", options, async (t) => {
  const cluster = await environment(t).cluster();
  await cluster.apply(claim("before", { class: "btrfs-tenant" }));
  const events = (): Promise<string> =>
    cluster.kubectl("get", "events", "--field-selector=involvedObject.name=before", "--output=jsonpath={.items[*].message}");
  while (!/secret/i.test(await events())) await sleep(100, undefined, { signal: t.signal });
  assert.equal(await cluster.field("pvc/before", ".status.phase"), "Pending");
  await cluster.apply({ apiVersion: "v1", kind: "Secret", metadata: { name: "storage-tenant" }, stringData: { tenant: "team-a" } });
  await cluster.waitFor("pvc/before", "jsonpath={.status.phase}=Bound");
});

test("a claim starts as a clone of another", options, async (t) => {
  const cluster = await environment(t).cluster();
  const image = await cluster.image("shell");
  await cluster.apply(claim("data"), pod("user", { image, command: IDLE, mounts: { "/data": "data" } }));
  await cluster.waitFor("pod/user", "condition=Ready");
  await cluster.exec("user", "sh", "-c", "echo same > /data/file; sync");
  await cluster.apply(claim("clone", { clone: "data" }), pod("reader", { image, command: IDLE, mounts: { "/data": "clone" } }));
  await cluster.waitFor("pod/reader", "condition=Ready");
  assert.equal(await cluster.exec("reader", "cat", "/data/file"), "same\n");
});
