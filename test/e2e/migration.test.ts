/** An application that moves to another cluster, with its data: the first cluster lives on, or is gone. */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { removeCluster } from "../../dev/cluster/down.ts";
import { kubectlPath } from "../../dev/cluster/kubeconfig.ts";
import { Kubectl } from "../../dev/demo/kubectl.ts";
import { assertSame, type Facts, factsOf } from "../../dev/demo/proof.ts";
import { installShop, WORKLOADS } from "../../dev/demo/scenario.ts";
import { type Cli, openCli } from "../support/cli.ts";
import { environment } from "../support/environment.ts";
import { listedPoints, makeLocationForPods, succeeded } from "../support/location.ts";
import { SKIP_WITHOUT_CLUSTER } from "../support/needs.ts";
import { devCluster, ownClusterName } from "../support/own-cluster.ts";
import { TestCluster } from "../support/test-cluster.ts";
import type { RestoredVolumes } from "../support/volume-world.ts";

const options = { skip: SKIP_WITHOUT_CLUSTER };
const VOLUMES = ["cache-cache-0", "data-db-0", "ledger-ledger-0"];

interface Side {
  readonly cluster: TestCluster;
  readonly kubectl: Kubectl;
}

interface Migration {
  readonly a: Side;
  readonly b: Side;
  /** Where the shop is. */
  readonly namespace: string;
  /** Where it is on the other cluster when the first one is gone. */
  readonly afterwards: string;
  /** The program on a computer that has seen neither the cluster nor the location before. */
  readonly newCli: (side: Side) => Promise<Cli>;
}

function sideOf(t: TestContext, cluster: TestCluster): Side {
  return { cluster, kubectl: new Kubectl(kubectlPath(cluster.name), cluster.kubeconfig, t.signal) };
}

/** A shop that takes orders on a cluster of this test's own, and the shared cluster. */
async function openMigration(t: TestContext): Promise<Migration> {
  const shared = await environment(t).cluster();
  const location = await makeLocationForPods(t, shared);
  const name = ownClusterName(t);
  succeeded(await devCluster("up", ["--name", name], t.signal));
  const own = await TestCluster.open(name, t.signal);
  const [a, b] = [sideOf(t, own), sideOf(t, shared)];
  const [postgres = "", redis = "", shell = ""] = await Promise.all(["postgres", "redis", "shell"].map((image) => own.image(image)));
  const { namespace } = own;
  const [holdfast, afterwards] = [`${namespace}-hf`, `${namespace}-again`];
  for (const image of ["postgres", "redis", "shell", "holdfast"]) await shared.image(image);
  await own.image("holdfast");
  t.after(() => shared.kubectl("delete", "namespace", namespace, afterwards, holdfast, "--ignore-not-found", "--wait=false"));
  await installShop({ kubectl: a.kubectl, namespace, copy: `${namespace}-copy`, images: { postgres, redis, shell } });
  const newCli = async ({ cluster }: Side): Promise<Cli> =>
    openCli(t, { ...location.variables, KUBECONFIG: cluster.kubeconfig, HOLDFAST_NAMESPACE: holdfast });
  return { a, b, namespace, afterwards, newCli };
}

async function restoreOnOtherClass(cli: Cli, ...args: readonly string[]): Promise<void> {
  const report = succeeded(await cli.run("restore", ...args, "--storage-class", "btrfs=plain", "-o", "json")).json() as RestoredVolumes;
  assert.deepEqual([report.failed, report.notReady, report.notFilled], [0, 0, 0], JSON.stringify(report.findings));
  assert.deepEqual(
    report.volumes.map(({ claim, from }) => `${claim} ${from}`).toSorted(),
    VOLUMES.map((claim) => `${claim} repository`),
  );
}

/** It has all orders that were there before the backup, takes new ones, and lies on the other storage. */
async function assertMoved({ kubectl }: Side, namespace: string, before: Facts): Promise<void> {
  await kubectl.waitForRollouts(namespace, WORKLOADS);
  assertSame(before, await factsOf(kubectl, namespace, before.lastOrder));
  const last = "psql -U postgres -h /var/run/postgresql -Atc 'select max(id) from orders'";
  const goesOn = `first=$(${last}); until [ "$(${last})" -gt "$first" ]; do sleep 0.1; done`;
  await kubectl.exec(namespace, "db-0", "sh", "-c", goesOn);
  const fields = "{range .items[*]}{.metadata.name} {.spec.storageClassName} {.status.phase}{'\\n'}{end}";
  const claims = await kubectl.run("get", "persistentvolumeclaims", `--namespace=${namespace}`, `--output=jsonpath=${fields}`);
  assert.deepEqual(
    claims.trim().split("\n"),
    VOLUMES.map((claim) => `${claim} plain Bound`),
  );
}

test(
  "an application moves to another cluster and onto other storage; and comes back there when the first cluster is gone",
  options,
  async (t) => {
    const { a, b, namespace, afterwards, newCli } = await openMigration(t);
    const before = await factsOf(a.kubectl, namespace);
    succeeded(await (await newCli(a)).run("backup", namespace));
    await restoreOnOtherClass(await newCli(b), namespace);
    await assertMoved(b, namespace, before);
    assertSame(before, await factsOf(a.kubectl, namespace, before.lastOrder));

    const later = await factsOf(a.kubectl, namespace);
    assert.ok(later.lastOrder > before.lastOrder, "the first one goes on meanwhile");
    succeeded(await (await newCli(a)).run("backup", namespace, "--keep-snapshots", "1"));
    await removeCluster(a.cluster.name);
    const cli = await newCli(b);
    const points = await listedPoints(cli);
    assert.deepEqual(
      points.map(({ unit, isPartial }) => [unit.name, isPartial]),
      [
        [namespace, false],
        [namespace, false],
      ],
    );
    await restoreOnOtherClass(cli, namespace, "--to-namespace", afterwards);
    await assertMoved(b, afterwards, later);
  },
);
