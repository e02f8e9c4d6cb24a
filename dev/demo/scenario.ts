/** What the demo does, wherever it does it: find, back up, destroy, bring back, copy, and prove it each time. */
import { join } from "node:path";
import { run } from "../host/run.ts";
import type { Kubectl } from "./kubectl.ts";
import { assertSame, type Facts, factsOf, fillShop } from "./proof.ts";
import { SHOP_GROUP, shop, shopDefinition, type ShopOptions } from "./shop.ts";
import type { Steps } from "./steps.ts";

export interface Stage extends ShopOptions {
  readonly kubectl: Kubectl;
  readonly namespace: string;
  /** Of the copy. */
  readonly copy: string;
  /** Storage class of the copy, as `old=new`; undefined: the same. */
  readonly otherClass: string | undefined;
  /** Of the program: its cluster, its location and key, and the image of its movers. */
  readonly environment: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

const HOLDFAST = join(import.meta.dirname, "../../bin/holdfast");
export const WORKLOADS: readonly string[] = [
  "statefulset/db",
  "statefulset/cache",
  "statefulset/ledger",
  "deployment/web",
  "deployment/orders",
];

export type ShopStage = Pick<Stage, "copy" | "images" | "kubectl" | "namespace" | "storageClass">;

export async function installShop({ kubectl, namespace, copy, images, storageClass }: ShopStage): Promise<void> {
  await kubectl.deleteNamespaces(namespace, copy);
  await kubectl.apply([{ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } }, shopDefinition()]);
  await kubectl.run("wait", "--for=condition=Established", "crd", `discounts.${SHOP_GROUP}`, "--timeout=60s");
  await kubectl.apply(shop({ images, storageClass }), namespace);
  await kubectl.waitForRollouts(namespace, WORKLOADS);
  await fillShop(kubectl, namespace);
}

/** @throws {DomainError} corrupt/demo_differs: what came back is not what was there */
export async function playScenario(stage: Stage, steps: Steps): Promise<void> {
  const { kubectl, namespace, copy, otherClass } = stage;
  await steps.step("A shop that takes orders all the time", () => installShop(stage));
  await steps.step("Find it", () => holdfast(stage, steps, "app", "show", namespace));
  const before = await factsOf(kubectl, namespace);
  await steps.step("Back it up", () => holdfast(stage, steps, "backup", namespace));
  await steps.step("Destroy it", () => kubectl.deleteNamespaces(namespace));
  await steps.step("Bring it back", () => holdfast(stage, steps, "restore", namespace));
  await steps.step("Prove it", () => prove(stage, namespace, before, steps));
  const other = otherClass === undefined ? [] : ["--storage-class", otherClass];
  await steps.step("Copy it onto other storage", () => holdfast(stage, steps, "clone", namespace, "--to-namespace", copy, ...other));
  await steps.step("Prove the copy", () => prove(stage, copy, before, steps));
}

export async function holdfast(
  { environment, signal }: Pick<Stage, "environment" | "signal">,
  steps: Steps,
  ...args: readonly string[]
): Promise<void> {
  steps.command(`holdfast ${args.join(" ")}`);
  const { stdout } = await run(HOLDFAST, args, { env: environment, signal });
  steps.output(stdout);
}

async function prove({ kubectl }: Stage, namespace: string, expected: Facts, steps: Steps): Promise<void> {
  await kubectl.waitForRollouts(namespace, WORKLOADS);
  const found = await factsOf(kubectl, namespace, expected.lastOrder);
  assertSame(expected, found);
  const { orders, cache, ledger, page } = found;
  steps.output([orders, cache, `${ledger} of the ledger`, page].map((fact) => `as before: ${fact}`).join("\n"));
}
