/** Holdfast as people run it: a process for each command, against a location in a folder that pods mount. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { cacheRoot } from "../../dev/host/cache.ts";
import { run } from "../../dev/host/run.ts";
import type { Site } from "./site.ts";

const PROGRAM = join(import.meta.dirname, "../../bin/holdfast");

export interface Ran<T> {
  readonly seconds: number;
  /** As it printed it. */
  readonly value: T;
}

export interface BackupResult {
  readonly point: string;
  readonly volumes: readonly { readonly claim: string; readonly data?: { readonly bytes: number; readonly moverMs?: number } }[];
  readonly databases: readonly { readonly quiescedMs?: number }[];
}

export interface RestoreResult {
  readonly volumes: readonly { readonly claim: string; readonly bytes?: number; readonly moverMs?: number; readonly fillMs: number }[];
  readonly totalMs: number;
}

export interface SwapResult {
  readonly downtimeMs: number;
  readonly totalMs: number;
}

export class Holdfast {
  readonly #environment: Readonly<Record<string, string>>;
  readonly #signal: AbortSignal;

  private constructor(environment: Readonly<Record<string, string>>, signal: AbortSignal) {
    this.#environment = environment;
    this.#signal = signal;
  }

  /** With a new location, in a folder of its own. */
  static async start({ folder, kubeconfig, moverImage, signal }: Site): Promise<Holdfast> {
    const home = await mkdtemp(join(folder, "holdfast-"));
    const environment = {
      HOME: home,
      KUBECONFIG: kubeconfig,
      HOLDFAST_LOCATION: join(home, "location"),
      HOLDFAST_IMAGE: moverImage,
      NODE_COMPILE_CACHE: join(cacheRoot(), "bench-compiled"),
    };
    const key = join(home, "key");
    await run(PROGRAM, ["location", "init", "--key-out", key], { env: environment, signal });
    return new Holdfast({ ...environment, HOLDFAST_PASSWORD: (await readFile(key, "utf8")).trim() }, signal);
  }

  async backUp(namespace: string, ...flags: readonly string[]): Promise<Ran<BackupResult>> {
    return this.run("backup", namespace, ...flags);
  }

  async restore(namespace: string, ...flags: readonly string[]): Promise<Ran<RestoreResult>> {
    return this.run("restore", namespace, ...flags);
  }

  async swap(namespace: string): Promise<Ran<SwapResult>> {
    return this.run("restore", namespace, "--swap");
  }

  async removeLocation(): Promise<void> {
    await rm(this.#environment["HOME"] ?? "", { recursive: true });
  }

  /** A command that prints one JSON. */
  async run<T>(...args: readonly string[]): Promise<Ran<T>> {
    const startMs = performance.now();
    const { stdout } = await run(PROGRAM, [...args, "--output", "json"], { env: this.#environment, signal: this.#signal });
    return { seconds: (performance.now() - startMs) / 1_000, value: JSON.parse(stdout) as T };
  }
}
