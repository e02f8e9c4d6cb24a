/**
 * The command behind `make demo`: a shop on a real cluster is found, backed up, destroyed, brought back and copied, and each step proves what
 * it says. Without settings the cluster is one on this machine; with DEMO_KUBECONFIG it is the user's own.
 */
import { mkdtemp, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import packageJson from "../../package.json" with { type: "json" };
import { errorText } from "../../src/base/error-text.ts";
import { exitCodeOf } from "../../src/base/errors.ts";
import { runAsProcess } from "../../src/cli/run-as-process.ts";
import { kubeconfigPath, kubectlPath } from "../cluster/kubeconfig.ts";
import { load } from "../cluster/load.ts";
import { up } from "../cluster/up.ts";
import { Kubectl } from "./kubectl.ts";
import { holdfast, playScenario, type Stage } from "./scenario.ts";
import { Steps } from "./steps.ts";

const CLUSTER = "demo";
const NAMESPACES = { namespace: "shop", copy: "shop-copy" };
/** What anyone's registry has. */
const PUBLIC_IMAGES = { postgres: "postgres:17", redis: "redis:7", shell: "busybox:1.37" };

await runAsProcess(async (signal) => {
  const steps = new Steps(process.stdout);
  try {
    const cluster = await steps.step("A Kubernetes cluster", () => openCluster(signal));
    const environment = await steps.step("A place for backups", () => makeLocation(cluster.environment, steps, signal));
    await playScenario({ ...cluster, environment, signal }, steps);
    steps.end();
    return 0;
  } catch (error) {
    process.stderr.write(`${errorText(error)}\n`);
    return exitCodeOf(error);
  }
});

async function openCluster(signal: AbortSignal): Promise<Omit<Stage, "signal">> {
  const { DEMO_KUBECONFIG: own, DEMO_IMAGE: image = `holdfast.dev/holdfast:${packageJson.version}` } = process.env;
  if (own !== undefined) {
    const otherClass = process.env["DEMO_STORAGE_CLASS"];
    const environment = { KUBECONFIG: own, HOLDFAST_IMAGE: image };
    return { ...NAMESPACES, kubectl: new Kubectl("kubectl", own, signal), images: PUBLIC_IMAGES, otherClass, environment };
  }
  await up({ name: CLUSTER, nodes: 1, version: "1.36", controlPlaneOnly: false, owner: undefined }, signal);
  const [postgres = "", redis = "", shell = ""] = await load(CLUSTER, ["postgres", "redis", "shell", "holdfast"], signal);
  const kubeconfig = kubeconfigPath(CLUSTER);
  return {
    ...NAMESPACES,
    kubectl: new Kubectl(kubectlPath(CLUSTER), kubeconfig, signal),
    images: { postgres, redis, shell },
    otherClass: "btrfs=plain",
    environment: { KUBECONFIG: kubeconfig, HOLDFAST_IMAGE: image },
  };
}

/** A folder of its own, unless the user names another place. */
async function makeLocation(environment: Stage["environment"], steps: Steps, signal: AbortSignal): Promise<Stage["environment"]> {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-demo-"));
  const [url, keyFile] = [process.env["DEMO_LOCATION"] ?? join(folder, "backups"), join(folder, "backups.key")];
  const located = { ...environment, HOLDFAST_LOCATION: url };
  steps.command(`export HOLDFAST_LOCATION=${url}`);
  await holdfast({ environment: located, signal }, steps, "location", "init", "--key-out", keyFile);
  return { ...located, HOLDFAST_PASSWORD: (await readFile(keyFile, "utf8")).trim() };
}
