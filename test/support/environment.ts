import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, type TestContext } from "node:test";
import { createBucket } from "../../dev/s3/bucket.ts";
import { type S3Server, startS3Server } from "../../dev/s3/server.ts";
import { runHoldfast } from "./holdfast.ts";
import type { CommandResult } from "./program.ts";
import { startSharedCluster, stopSharedCluster } from "./shared-cluster.ts";
import { TestCluster } from "./test-cluster.ts";

export interface Bucket {
  readonly server: S3Server;
  readonly name: string;
}

/** What a test may ask for. Everything is made when it is asked for, and gone after the test, also when that failed. */
export interface Environment {
  /** The cluster of this run, with a new namespace for this test. */
  readonly cluster: () => Promise<TestCluster>;
  /** A new bucket on the S3 server of this test file. */
  readonly bucket: (options?: { readonly objectLock?: boolean }) => Promise<Bucket>;
  readonly temporaryFolder: () => Promise<string>;
  /** Runs `bin/holdfast` to its end, whatever its exit code. */
  readonly holdfast: (...args: readonly string[]) => Promise<CommandResult>;
}

let server: Promise<S3Server> | undefined;

after(async () => {
  await (await server)?.stop();
  await stopSharedCluster();
});

export function environment(test: TestContext): Environment {
  const { signal } = test;
  const owned = new AsyncDisposableStack();
  test.after(() => owned.disposeAsync());
  return {
    cluster: async () => owned.use(await TestCluster.open(await startSharedCluster(signal), signal)),
    bucket: async (options = {}) => {
      server ??= startS3Server({});
      const name = `test-${randomBytes(4).toString("hex")}`;
      await createBucket(await server, name, { ...options, signal });
      return { server: await server, name };
    },
    temporaryFolder: async () => {
      const folder = await mkdtemp(join(tmpdir(), "holdfast-test-"));
      owned.defer(() => rm(folder, { recursive: true, force: true }));
      return folder;
    },
    holdfast: (...args) => runHoldfast(args, signal),
  };
}
