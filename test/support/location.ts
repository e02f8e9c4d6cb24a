/** A location of a test, and the program as a person uses it on a cluster. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { bucketLocation, type Cli, openCli } from "./cli.ts";
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
  const folder = await environment(t).temporaryFolder();
  const keyFile = join(folder, "key");
  const { url, variables } =
    kind === "bucket" ? bucketLocation(await environment(t).bucket()) : { url: join(folder, "location"), variables: {} };
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
