/** A location of a test, and the program as a person uses it on a cluster. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { subnet } from "../../dev/cluster/spec.ts";
import { loadSpec } from "../../dev/cluster/store.ts";
import { createBucket } from "../../dev/s3/bucket.ts";
import { startS3Server } from "../../dev/s3/server.ts";
import { bucketLocation, type Cli, type Location, openCli } from "./cli.ts";
import { environment } from "./environment.ts";
import type { CommandResult } from "./program.ts";

export interface TestLocation {
  readonly url: string;
  readonly keyFile: string;
  /** All that the program needs in its environment, but for a cluster. */
  readonly variables: Readonly<Record<string, string>>;
}

/** Made by `holdfast location init`. */
export async function makeLocation(t: TestContext, kind: "bucket" | "folder" = "folder"): Promise<TestLocation> {
  if (kind === "bucket") return initLocation(t, bucketLocation(await environment(t).bucket()));
  return initLocation(t, { url: join(await environment(t).temporaryFolder(), "location"), variables: {} });
}

/** A bucket that the pods of this cluster reach, and those of every other cluster on this machine. */
export async function makeLocationForPods(t: TestContext, { name }: { readonly name: string }): Promise<TestLocation> {
  const spec = await loadSpec(name);
  assert.ok(spec !== undefined);
  const server = await startS3Server({ address: subnet(spec).host });
  t.after(() => server.stop());
  await createBucket(server, "backups", { signal: t.signal });
  return initLocation(t, bucketLocation({ server, name: "backups" }));
}

async function initLocation(t: TestContext, { url, variables }: Location): Promise<TestLocation> {
  const keyFile = join(await environment(t).temporaryFolder(), "key");
  const { run } = await openCli(t, { ...variables, HOLDFAST_LOCATION: url });
  succeeded(await run("location", "init", "--key-out", keyFile, "--no-check-storage"));
  const password = (await readFile(keyFile, "utf8")).trim();
  return { url, keyFile, variables: { ...variables, HOLDFAST_LOCATION: url, HOLDFAST_PASSWORD: password } };
}

/** The program with a location and a cluster. */
export async function openCliOn(t: TestContext, { variables }: TestLocation, kubeconfig: string): Promise<Cli> {
  return openCli(t, { ...variables, KUBECONFIG: kubeconfig });
}

export function succeeded(result: CommandResult): CommandResult {
  assert.equal(result.exitCode, 0, result.stderr);
  return result;
}

export interface ListedPoint {
  readonly id: string;
  readonly snapshot: string;
  readonly path: string;
  readonly isPartial: boolean;
  readonly unit: { readonly kind: string; readonly name: string };
  readonly cluster: { readonly id: string; readonly name: string };
  readonly objects: number;
}

export async function listedPoints({ run }: Pick<Cli, "run">, ...args: readonly string[]): Promise<readonly ListedPoint[]> {
  return (succeeded(await run("point", "list", "-o", "json", ...args)).json() as { points: readonly ListedPoint[] }).points;
}
