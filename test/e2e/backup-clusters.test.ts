import assert from "node:assert/strict";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { kubeconfigPath } from "../../dev/cluster/kubeconfig.ts";
import type { Cli } from "../support/cli.ts";
import { environment } from "../support/environment.ts";
import { listedPoints, makeLocation, openCliOn, succeeded, type TestLocation } from "../support/location.ts";
import { SKIP_WITHOUT_CLUSTER } from "../support/needs.ts";
import { devCluster, ownClusterName } from "../support/own-cluster.ts";

const skip = SKIP_WITHOUT_CLUSTER;

/** `kube-public` is in every cluster, and has objects. */
const UNIT = "kube-public";

async function otherCluster(t: TestContext): Promise<string> {
  const name = ownClusterName(t);
  succeeded(await devCluster("up", ["--name", name, "--control-plane-only"], t.signal));
  return kubeconfigPath(name);
}

async function onBoth(t: TestContext): Promise<{ readonly location: TestLocation; readonly a: Cli; readonly b: Cli }> {
  const location = await makeLocation(t);
  const shared = await environment(t).cluster();
  return {
    location,
    a: await openCliOn(t, location, shared.kubeconfig),
    b: await openCliOn(t, location, await otherCluster(t)),
  };
}

test("two clusters of one name write to one location and keep apart, and a renamed one keeps its history", { skip }, async (t) => {
  const { a, b } = await onBoth(t);
  const backup = async (cli: Cli, name: string): Promise<string> =>
    (succeeded(await cli.run("backup", UNIT, "--cluster-name", name, "-o", "json")).json() as { path: string }).path;
  const paths = [await backup(a, "prod"), await backup(b, "prod"), await backup(a, "production"), await backup(b, "prod")];
  assert.equal(paths[0], `prod/${UNIT}/_namespace`);
  assert.match(paths[1] ?? "", new RegExp(`^prod-[0-9a-f]{8}/${UNIT}/_namespace$`));
  assert.deepEqual(paths.slice(2), paths.slice(0, 2));
  const points = await listedPoints(a);
  const clusters = Map.groupBy(points, ({ path }) => path);
  assert.deepEqual(
    Array.from(clusters.values(), (own) => [own.length, new Set(own.map(({ cluster }) => cluster.id)).size]),
    [
      [2, 1],
      [2, 1],
    ],
  );
  const ambiguous = await a.run("point", "show", UNIT);
  assert.equal(ambiguous.exitCode, 2, ambiguous.stderr);
  for (const path of paths) assert.ok(ambiguous.stderr.includes(`"${path}"`), ambiguous.stderr);
  succeeded(await a.run("point", "show", paths[1] ?? ""));
});

test("a cluster whose repository was adopted by another one is stopped", { skip }, async (t) => {
  const location = await makeLocation(t);
  const cluster = await environment(t).cluster();
  const cli = await openCliOn(t, location, cluster.kubeconfig);
  succeeded(await cli.run("backup", cluster.namespace));
  const [point] = await listedPoints(cli);
  const repository = ["--repository", join(location.url, point?.path ?? "")];
  succeeded(await cli.run("repository", "adopt", ...repository, "--cluster", "another", "--force"));
  const stopped = await cli.run("backup", cluster.namespace);
  assert.equal(stopped.exitCode, 6, stopped.stderr);
  assert.match(stopped.stderr, /Cannot write to repository ".*": cluster "another" does/);
  assert.equal((await listedPoints(cli)).length, 1);
  succeeded(await cli.run("repository", "adopt", ...repository, "--cluster", point?.cluster.id ?? "", "--force"));
  succeeded(await cli.run("backup", cluster.namespace));
});
