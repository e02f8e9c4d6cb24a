import assert from "node:assert/strict";
import { mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Command } from "commander";
import type { ClusterAccess } from "../kube/access.ts";
import { addClusterOptions, openCluster } from "./cluster-options.ts";
import { fakeContext } from "./testing/fake-context.ts";

const context = (name: string, namespace?: string): object => ({ name, context: { cluster: "c", namespace } });
const kubeconfig = (server: string): string =>
  JSON.stringify({
    "current-context": "one",
    clusters: [{ name: "c", cluster: { server } }],
    contexts: [context("one", "shop"), context("two")],
  });

async function open(args: readonly string[], environment: Record<string, string>): Promise<ClusterAccess> {
  const command = addClusterOptions(new Command("x")).parse(args, { from: "user" });
  await using api = await openCluster(command, fakeContext(environment));
  return api.access;
}

test("openCluster() opens what the environment says, or the file and context of the command line", async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "holdfast-cluster-"));
  const [one, other] = [join(folder.path, "one"), join(folder.path, "a:b")];
  await writeFile(one, kubeconfig("https://one"));
  await writeFile(other, kubeconfig("https://other"));
  const environment = { KUBECONFIG: one };
  const { server, namespace } = await open([], environment);
  assert.deepEqual([server, namespace], ["https://one", "shop"]);
  assert.equal((await open(["--context", "two"], environment)).namespace, "default");
  assert.equal((await open(["--kubeconfig", other], environment)).server, "https://other");
});

test("openCluster() takes no other cluster than that of a named file", async () => {
  const environment = { KUBERNETES_SERVICE_HOST: "10.0.0.1", KUBERNETES_SERVICE_PORT: "443" };
  await assert.rejects(open(["--kubeconfig", "/no/such"], environment), {
    kind: "usage",
    code: "kubeconfig_missing",
    message: 'Cannot find a cluster: there is nothing in "/no/such"',
  });
});
