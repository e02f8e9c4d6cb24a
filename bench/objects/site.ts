/** Where objects are measured: a control plane of its own, an S3 server beside it, and a client that prepares both. */
import { randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { createBucket } from "../../dev/s3/bucket.ts";
import { type S3Server, startS3Server } from "../../dev/s3/server.ts";
import type { KubeApi } from "../../src/kube/kube-api.ts";
import { openCluster } from "../cluster.ts";

export interface Bucket {
  readonly name: string;
  /** Where the server keeps its objects. */
  readonly folder: string;
}

export class Site implements AsyncDisposable {
  readonly kubeconfig: string;
  readonly api: KubeApi;
  readonly server: S3Server;
  /** For whatever else a part needs. */
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly #owned: AsyncDisposableStack;

  private constructor(own: Pick<Site, "api" | "folder" | "kubeconfig" | "server" | "signal">, owned: AsyncDisposableStack) {
    this.kubeconfig = own.kubeconfig;
    this.api = own.api;
    this.server = own.server;
    this.folder = own.folder;
    this.signal = own.signal;
    this.#owned = owned;
  }

  /** @param folder A new one */
  static async open(folder: string, signal: AbortSignal): Promise<Site> {
    await mkdir(folder, { recursive: true });
    await using owned = new AsyncDisposableStack();
    const { kubeconfig, api } = owned.use(await openCluster({ controlPlaneOnly: true }, signal));
    const server = owned.use(await startS3Server({ dataDir: join(folder, "s3"), signal }));
    return new Site({ kubeconfig, api, server, folder, signal }, owned.move());
  }

  async bucket(): Promise<Bucket> {
    const name = `bench-${randomBytes(6).toString("hex")}`;
    await createBucket(this.server, name, { signal: this.signal });
    return { name, folder: join(this.folder, "s3", "objects", name) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owned.disposeAsync();
  }
}
