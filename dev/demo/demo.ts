/**
 * The command behind `make demo`: a shop on a real cluster is found, backed up, destroyed, brought back and copied, and each step proves what
 * it says. Without settings the cluster is one on this machine; with DEMO_KUBECONFIG it is the user's own.
 */
import { mkdtemp, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import packageJson from "../../package.json" with { type: "json" };
import { runAsProcess } from "../../src/cli/run-as-process.ts";
import { errorText } from "../../src/base/error-text.ts";
import { exitCodeOf } from "../../src/base/errors.ts";
import { kubeconfigPath, kubectlPath } from "../cluster/kubeconfig.ts";
import { load } from "../cluster/load.ts";
import { up } from "../cluster/up.ts";
import { run } from "../host/run.ts";
import { Kubectl } from "./kubectl.ts";
import { assertSame, type Facts, factsOf, fillShop } from "./proof.ts";
import { shop, shopDefinition, type ShopOptions } from "./shop.ts";
import { Steps } from "./steps.ts";

const CLUSTER = "demo";
const NAMESPACE = "shop";
const COPY = "shop-copy";
const WORKLOADS = ["statefulset/db", "statefulset/cache", "statefulset/ledger", "deployment/web", "deployment/orders"];
const HOLDFAST = join(import.meta.dirname, "../../bin/holdfast");
/** What anyone's registry has. */
const PUBLIC_IMAGES = { postgres: "postgres:17", redis: "redis:7", shell: "busybox:1.37" };

interface Stage {
  readonly kubectl: Kubectl;
  readonly kubeconfig: string;
  readonly images: ShopOptions["images"];
  /** Storage classes of the copy by those of the shop; undefined: the same. */
  readonly otherClass: string | undefined;
  readonly moverImage: string;
}

await runAsProcess(async (signal) => {
  const steps = new Steps();
  try {
    await demo(steps, signal);
    return 0;
  } catch (error) {
    process.stderr.write(`${errorText(error)}\n`);
    return exitCodeOf(error);
  }
});

async function demo(steps: Steps, signal: AbortSignal): Promise<void> {
  const stage = await steps.step("A Kubernetes cluster", () => openStage(signal));
  const { kubectl } = stage;
  await steps.step("A shop that takes orders all the time", () => install(stage));
  const location = await steps.step("A place for backups", () => openLocation(steps, signal));
  const holdfast = async (...args: readonly string[]): Promise<string> => {
    steps.command(`holdfast ${args.join(" ")}`);
    const { stdout } = await run(HOLDFAST, args, {
      env: { ...location, KUBECONFIG: stage.kubeconfig, HOLDFAST_IMAGE: stage.moverImage },
      signal,
    });
    steps.output(stdout);
    return stdout;
  };
  await steps.step("Find it", () => holdfast("app", "list"));
  const before = await factsOf(kubectl, NAMESPACE);
  await steps.step("Back it up", () => holdfast("backup", NAMESPACE));
  await steps.step("Destroy it", () => kubectl.deleteNamespaces(NAMESPACE));
  await steps.step("Bring it back", () => holdfast("restore", NAMESPACE));
  await steps.step("Prove it", () => prove(stage, NAMESPACE, before, steps));
  const other = stage.otherClass === undefined ? [] : ["--storage-class", stage.otherClass];
  await steps.step("Copy it beside itself, onto other storage", () => holdfast("clone", NAMESPACE, "--to-namespace", COPY, ...other));
  await steps.step("Prove the copy", () => prove(stage, COPY, before, steps));
  steps.end();
}

async function openStage(signal: AbortSignal): Promise<Stage> {
  const { DEMO_KUBECONFIG: kubeconfig, DEMO_IMAGE: image } = process.env;
  const moverImage = image ?? `holdfast.dev/holdfast:${packageJson.version}`;
  if (kubeconfig !== undefined) {
    return {
      kubectl: new Kubectl("kubectl", kubeconfig, signal),
      kubeconfig,
      images: PUBLIC_IMAGES,
      otherClass: process.env["DEMO_STORAGE_CLASS"],
      moverImage,
    };
  }
  await up({ name: CLUSTER, nodes: 1, version: "1.36", controlPlaneOnly: false, owner: undefined }, signal);
  const [postgres = "", redis = "", shell = ""] = await load(CLUSTER, ["postgres", "redis", "shell", "holdfast"], signal);
  const path = kubeconfigPath(CLUSTER);
  return {
    kubectl: new Kubectl(kubectlPath(CLUSTER), path, signal),
    kubeconfig: path,
    images: { postgres, redis, shell },
    otherClass: "btrfs=plain",
    moverImage,
  };
}

/** What the program finds in its environment of a location that it made. A folder of its own unless the user names another place. */
async function openLocation(steps: Steps, signal: AbortSignal): Promise<Readonly<Record<string, string>>> {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-demo-"));
  const [url, keyFile] = [process.env["DEMO_LOCATION"] ?? join(folder, "backups"), join(folder, "backups.key")];
  const env = { HOLDFAST_LOCATION: url };
  const args = ["location", "init", "--key-out", keyFile];
  steps.command(`export HOLDFAST_LOCATION=${url}`);
  steps.command(`holdfast ${args.join(" ")}`);
  await run(HOLDFAST, args, { env, signal });
  return { ...env, HOLDFAST_PASSWORD: (await readFile(keyFile, "utf8")).trim() };
}

async function install({ kubectl, images }: Stage): Promise<void> {
  await kubectl.deleteNamespaces(NAMESPACE, COPY);
  await kubectl.apply([{ apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } }, shopDefinition()]);
  await kubectl.run("wait", "--for=condition=Established", "crd", "discounts.shop.example.com", "--timeout=60s");
  await kubectl.apply(shop({ images }), NAMESPACE);
  await kubectl.waitForRollouts(NAMESPACE, WORKLOADS);
  await fillShop(kubectl, NAMESPACE);
}

async function prove({ kubectl }: Stage, namespace: string, expected: Facts, steps: Steps): Promise<void> {
  await kubectl.waitForRollouts(namespace, WORKLOADS);
  const found = await factsOf(kubectl, namespace, expected.lastOrder);
  assertSame(expected, found);
  const { orders, cache, ledger, page } = found;
  steps.output([`as before: ${orders}`, `as before: ${cache}`, `as before: ${ledger} of the ledger`, `as before: ${page}`].join("\n"));
}
