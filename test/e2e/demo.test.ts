import { test } from "node:test";
import { PassThrough } from "node:stream";
import { kubectlPath } from "../../dev/cluster/kubeconfig.ts";
import { Kubectl } from "../../dev/demo/kubectl.ts";
import { playScenario } from "../../dev/demo/scenario.ts";
import { Steps } from "../../dev/demo/steps.ts";
import { environment } from "../support/environment.ts";
import { makeLocation } from "../support/location.ts";
import { SKIP_WITHOUT_CLUSTER } from "../support/needs.ts";

test(
  "a shop is found, backed up, destroyed, brought back and copied onto other storage, with all its data",
  { skip: SKIP_WITHOUT_CLUSTER },
  async (t) => {
    const cluster = await environment(t).cluster();
    const [postgres, redis, shell] = [await cluster.image("postgres"), await cluster.image("redis"), await cluster.image("shell")];
    const { variables } = await makeLocation(t);
    const copy = `${cluster.namespace}-copy`;
    t.after(() => cluster.kubectl("delete", "namespace", copy, "--wait=false", "--ignore-not-found"));
    const said = new PassThrough().setEncoding("utf8");
    const stage = {
      kubectl: new Kubectl(kubectlPath(cluster.name), cluster.kubeconfig, t.signal),
      namespace: cluster.namespace,
      copy,
      images: { postgres, redis, shell },
      otherClass: "btrfs=plain",
      environment: { ...variables, KUBECONFIG: cluster.kubeconfig, HOLDFAST_IMAGE: await cluster.image("holdfast") },
      signal: t.signal,
    };
    // It proves row counts and checksums itself.
    await playScenario(stage, new Steps(said));
    t.diagnostic(String(said.read()));
  },
);
