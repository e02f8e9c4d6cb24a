/** A copy whose private data is made unrecognisable before anything in it could show it. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { RestoreReport } from "../../src/recover/restore.ts";
import { succeeded } from "../support/location.ts";
import { claimSpec, podSpec } from "../support/manifests.ts";
import { SKIP_WITHOUT_CLUSTER } from "../support/needs.ts";
import type { TestCluster } from "../support/test-cluster.ts";
import { objectsIn, volumeWorld } from "../support/volume-world.ts";

const skip = SKIP_WITHOUT_CLUSTER;
const DATA = "/var/lib/postgresql/data";
const ENV = { POSTGRES_PASSWORD: "only-for-this-test" };
const EMAILS = "select string_agg(email, ' ' order by id) from customers";
const MASK = `psql -qU postgres -v ON_ERROR_STOP=1 -c "update customers set email = 'customer-' || id || '@example.com'"`;
/** Says what the first client of the application saw, for ever. */
const FIRST_LOOK = `until psql -h db -U postgres -Atc "${EMAILS}" >/tmp/first 2>/dev/null && [ -s /tmp/first ]; do sleep 0.2; done; mv /tmp/first /tmp/seen; sleep 1000000`;

function blueprint(mask: string): string {
  const spec = {
    description: "Customers without their addresses",
    tested: "none",
    match: { images: ["*/postgres"] },
    mask: { script: mask },
  };
  return JSON.stringify({ apiVersion: "holdfast.dev/v1alpha1", kind: "Blueprint", metadata: { name: "postgresql" }, spec });
}

async function installCustomers(cluster: TestCluster): Promise<void> {
  const image = await cluster.image("postgres");
  const server = { image, env: ENV, mounts: { [DATA]: "data" }, readyWhen: ["psql", "-U", "postgres", "-c", "select 1"] };
  const client = {
    image,
    env: { PGPASSWORD: ENV.POSTGRES_PASSWORD },
    command: ["sh", "-c", FIRST_LOOK],
    readyWhen: ["test", "-e", "/tmp/seen"],
  };
  const selector = (app: string): object => ({ matchLabels: { app } });
  const template = (app: string, spec: object): object => ({ metadata: { labels: { app } }, spec });
  await cluster.apply(
    { apiVersion: "v1", kind: "Service", metadata: { name: "db" }, spec: { clusterIP: "None", selector: { app: "db" } } },
    {
      apiVersion: "apps/v1",
      kind: "StatefulSet",
      metadata: { name: "db" },
      spec: {
        serviceName: "db",
        selector: selector("db"),
        template: template("db", { ...podSpec(server), volumes: [] }),
        volumeClaimTemplates: [{ metadata: { name: "data" }, spec: claimSpec({ size: "1Gi" }) }],
      },
    },
  );
  await cluster.waitFor("statefulset/db", "jsonpath={.status.readyReplicas}=1");
  const table = "create table customers (id int primary key, email text); insert into customers values (1, 'ann@home'), (2, 'bob@home')";
  await cluster.exec("db-0", "psql", "-qU", "postgres", "-c", table);
  await cluster.apply({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web" },
    spec: { selector: selector("web"), template: template("web", podSpec(client)) },
  });
  await cluster.kubectl("rollout", "status", "deployment/web", "--timeout=120s");
}

test("what is private is masked before anything but the database runs, and stays shut in if it cannot be", { skip }, async (t) => {
  const world = await volumeWorld(t);
  const { cluster, cli, namespace, sh } = world;
  await installCustomers(cluster);
  assert.equal((await sh(namespace, "deployment/web", "cat /tmp/seen")).trim(), "ann@home bob@home");
  succeeded(await cli.run("backup", namespace));
  const copy = world.other("copy");
  const clone = ["clone", namespace, "--to-namespace", copy, "--storage-class", "btrfs=btrfs-wait", "--mask"];

  for (const option of [["--replicas", "0"], ["--read-only-volumes"]]) {
    const refused = await cli.run(...clone, ...option);
    assert.equal(refused.exitCode, 2, refused.stderr);
    assert.match(refused.stderr, new RegExp(`^Cannot use --mask with ${option.join(" ")}: a database .*\n`));
  }
  const unknown = await cli.run(...clone);
  assert.equal(unknown.exitCode, 9, unknown.stderr);
  assert.match(unknown.stderr, /Cannot mask StatefulSet\/db in namespace "\S+": blueprint "postgresql" does not say how/);
  assert.match(unknown.stderr, /--blueprints/);
  assert.equal(await cluster.kubectl("get", "namespace", copy, "--ignore-not-found"), "");

  const file = join(cli.folder, "masked.yaml");
  await writeFile(file, blueprint("echo the table is not as it was >&2; exit 3"));
  const failed = await cli.run(...clone, "--blueprints", file);
  assert.equal(failed.exitCode, 7, failed.stderr);
  assert.match(
    failed.stderr,
    /Cannot mask StatefulSet\/db in namespace "\S+": its command failed \(exit code 3\): the table is not as it was/,
  );
  assert.deepEqual(await objectsIn(cluster, copy, "deployments"), []);

  await writeFile(file, blueprint(MASK));
  const planned = succeeded(await cli.run(...clone, "--blueprints", file, "--dry-run"));
  assert.match(planned.stdout, /StatefulSet\/db is masked as blueprint "postgresql" says before anything else runs/);
  const done = succeeded(await cli.run(...clone, "--blueprints", file, "-o", "json")).json() as RestoreReport;
  assert.deepEqual([done.failed, done.notReady, done.notFilled], [0, 0, 0], JSON.stringify(done.findings));
  assert.deepEqual(
    done.masked?.map(({ workload, blueprint: name, pod }) => [workload, name, pod]),
    [["StatefulSet/db", "postgresql", "db-0"]],
  );
  const masked = "customer-1@example.com customer-2@example.com";
  assert.equal((await sh(copy, "deployment/web", "cat /tmp/seen")).trim(), masked);
  assert.equal((await sh(namespace, "db-0", `psql -U postgres -Atc "${EMAILS}"`)).trim(), "ann@home bob@home");
});
