import assert from "node:assert/strict";
import { test } from "node:test";
import { environment } from "../support/environment.ts";
import { claim, claimSpec, groupSnapshot, IDLE, pod, podSpec, snapshot } from "../support/manifests.ts";
import { SKIP_WITHOUT_CLUSTER } from "../support/needs.ts";

const options = { skip: SKIP_WITHOUT_CLUSTER };
const DATA = "/var/lib/postgresql/data";
const PASSWORD = { POSTGRES_PASSWORD: "only-for-this-test" };
const ACCEPTS_QUERIES = ["psql", "-U", "postgres", "-c", "select 1"];

test("PostgreSQL starts from a snapshot of its volume with every row that had been committed", options, async (t) => {
  const cluster = await environment(t).cluster();
  const image = await cluster.image("postgres");
  const sql = (podName: string, statement: string): Promise<string> => cluster.exec(podName, "psql", "-U", "postgres", "-Atc", statement);
  const server = { image, env: PASSWORD, mounts: { [DATA]: "data" }, readyWhen: ACCEPTS_QUERIES };
  await cluster.apply({
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { name: "db" },
    spec: {
      serviceName: "db",
      selector: { matchLabels: { app: "db" } },
      template: { metadata: { labels: { app: "db" } }, spec: { ...podSpec(server), volumes: [] } },
      volumeClaimTemplates: [{ metadata: { name: "data" }, spec: claimSpec({ size: "1Gi" }) }],
    },
  });
  await cluster.waitFor("statefulset/db", "jsonpath={.status.readyReplicas}=1");
  await sql("db-0", "create table written (n int primary key)");

  // A client that commits one row after the other, before, during and after the snapshot.
  const writer = cluster.exec("db-0", "sh", "-c", 'for n in $(seq 200); do psql -qU postgres -c "insert into written values ($n)"; done');
  while (Number(await sql("db-0", "select count(*) from written")) < 20) t.signal.throwIfAborted();
  const before = Number(await sql("db-0", "select count(*) from written"));
  await cluster.apply(snapshot("moment", "data-db-0"));
  await cluster.waitFor("volumesnapshot/moment", "jsonpath={.status.readyToUse}=true");
  const after = Number(await sql("db-0", "select count(*) from written"));
  await writer;

  await cluster.apply(claim("restored", { size: "1Gi", snapshot: "moment" }), pod("copy", { ...server, mounts: { [DATA]: "restored" } }));
  await cluster.waitFor("pod/copy", "condition=Ready");
  const rows = Number(await sql("copy", "select count(*) from written"));
  assert.ok(
    rows >= before && rows <= after,
    `${rows} rows in the copy; ${before} had been committed before the snapshot, ${after} after it`,
  );
  assert.equal(Number(await sql("copy", "select max(n) from written")), rows, "no row is missing in between");
  assert.equal(Number(await sql("db-0", "select count(*) from written")), 200, "the original went on");
});

test("a group snapshot holds one moment of two volumes", options, async (t) => {
  const cluster = await environment(t).cluster();
  const image = await cluster.image("shell");
  const labels = { group: "pair" };
  // Writes the same number to both volumes, one after the other: at any moment they differ by one at most.
  const write = "n=0; while true; do n=$((n+1)); for v in a b; do echo $n > /$v/new; mv /$v/new /$v/n; sync; done; done";
  await cluster.apply(claim("a", { labels }), claim("b", { labels }), claim("c"));
  await cluster.apply(pod("writer", { image, command: ["sh", "-c", write], mounts: { "/a": "a", "/b": "b" } }));
  await cluster.waitFor("pod/writer", "condition=Ready");
  await cluster.exec("writer", "sh", "-c", "until [ -e /b/n ]; do sleep 0.1; done");
  await cluster.apply(groupSnapshot("both", labels));
  await cluster.waitFor("volumegroupsnapshot/both", "jsonpath={.status.readyToUse}=true");

  const members = JSON.parse(await cluster.kubectl("get", "volumesnapshots", "--output=json")) as {
    readonly items: readonly {
      readonly metadata: { readonly name: string };
      readonly spec: object;
      readonly status: { readonly readyToUse: boolean };
    }[];
  };
  assert.equal(members.items.length, 2, "the two labelled claims and not the third");
  const names = members.items.map(({ metadata }) => metadata.name);
  await cluster.apply(...names.map((name, at) => claim(`from-${at}`, { snapshot: name })));
  await cluster.apply(pod("reader", { image, command: IDLE, mounts: { "/0": "from-0", "/1": "from-1" } }));
  await cluster.waitFor("pod/reader", "condition=Ready");
  const [x, y] = (await cluster.exec("reader", "cat", "/0/n", "/1/n")).trim().split("\n").map(Number);
  assert.ok(x !== undefined && y !== undefined && x > 0 && Math.abs(x - y) <= 1, `one volume is at ${x}, the other at ${y}`);
});

test("a block volume's snapshot gives back its bytes", options, async (t) => {
  const cluster = await environment(t).cluster();
  const image = await cluster.image("shell");
  const sum = async (podName: string): Promise<string> =>
    cluster.exec(podName, "sh", "-c", "dd if=/dev/data bs=1M count=64 2>/dev/null | sha256sum");
  await cluster.apply(
    claim("raw", { block: true, size: "64Mi" }),
    pod("source", { image, command: IDLE, devices: { "/dev/data": "raw" } }),
  );
  await cluster.waitFor("pod/source", "condition=Ready");
  await cluster.exec("source", "sh", "-c", "dd if=/dev/urandom of=/dev/data bs=1M count=64 conv=fsync 2>/dev/null");
  const written = await sum("source");
  await cluster.apply(snapshot("raw-moment", "raw"));
  await cluster.waitFor("volumesnapshot/raw-moment", "jsonpath={.status.readyToUse}=true");
  await cluster.exec("source", "sh", "-c", "dd if=/dev/zero of=/dev/data bs=1M count=64 conv=fsync 2>/dev/null");
  assert.notEqual(await sum("source"), written);

  await cluster.apply(claim("raw-copy", { block: true, size: "64Mi", snapshot: "raw-moment" }));
  await cluster.apply(pod("copy", { image, command: IDLE, devices: { "/dev/data": "raw-copy" } }));
  await cluster.waitFor("pod/copy", "condition=Ready");
  assert.equal(await sum("copy"), written);
});
