/** Holdfast as people run it: a process for each command, against one location. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { cacheRoot } from "../../dev/host/cache.ts";
import { run } from "../../dev/host/run.ts";
import { fileBytes } from "../files.ts";
import { type Cost, measure } from "../measure.ts";
import type { Bucket, Site } from "./site.ts";

const PROGRAM = join(import.meta.dirname, "../../bin/holdfast");

export class Holdfast {
  readonly #site: Site;
  readonly #bucket: Bucket;
  readonly #environment: Readonly<Record<string, string>>;
  readonly #key: string;

  private constructor(site: Site, bucket: Bucket, environment: Readonly<Record<string, string>>, key: string) {
    this.#site = site;
    this.#bucket = bucket;
    this.#environment = environment;
    this.#key = key;
  }

  /** Makes a location in a bucket of its own. */
  static async start(site: Site): Promise<Holdfast> {
    const bucket = await site.bucket();
    const folder = join(site.folder, "holdfast");
    await mkdir(folder, { recursive: true });
    const { endpoint, region, accessKeyId, secretAccessKey } = site.server;
    const query = new URLSearchParams({ endpoint, region, pathStyle: "true" });
    const environment = {
      PATH: process.env["PATH"] ?? "",
      HOME: folder,
      KUBECONFIG: site.kubeconfig,
      HOLDFAST_LOCATION: `s3://${bucket.name}?${query.toString()}`,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      AWS_REGION: region,
      NODE_COMPILE_CACHE: join(cacheRoot(), "bench-compiled"),
    };
    const key = join(folder, "key");
    await run(PROGRAM, ["location", "init", "--key-out", key], { env: environment, signal: site.signal });
    return new Holdfast(site, bucket, environment, key);
  }

  /** @returns with what the bucket grew by */
  async backUp(namespace: string): Promise<Cost & { readonly storedBytes: number }> {
    const storedBefore = await fileBytes(this.#bucket.folder, this.#site.signal);
    const cost = await this.#measure("backup", namespace, "--password-file", this.#key);
    return { ...cost, storedBytes: (await fileBytes(this.#bucket.folder, this.#site.signal)) - storedBefore };
  }

  /** Brings back the newest restore point of a namespace. */
  async restore(namespace: string, ...flags: readonly string[]): Promise<Cost> {
    return this.#measure("restore", namespace, "--password-file", this.#key, ...flags);
  }

  async listApplications(): Promise<Cost> {
    return this.#measure("app", "list");
  }

  async #measure(...args: readonly string[]): Promise<Cost> {
    const { folder, signal } = this.#site;
    return measure([PROGRAM, ...args], { environment: this.#environment, report: join(folder, "cost"), signal });
  }
}
