/** An application with volumes, a location that movers reach, and a namespace of Holdfast's own, for one test. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Machine } from "../../dev/cluster/machine.ts";
import { poolDir } from "../../dev/cluster/pools.ts";
import { stateDir } from "../../dev/cluster/spec.ts";
import { resticBinary } from "../../dev/peers/restic.ts";
import type { Cli } from "./cli.ts";
import { environment } from "./environment.ts";
import { makeLocation, openCliOn, succeeded, type TestLocation } from "./location.ts";
import { resticOn } from "./restic.ts";
import type { TestCluster } from "./test-cluster.ts";

export interface VolumeWorld {
  readonly cluster: TestCluster;
  readonly location: TestLocation;
  readonly cli: Cli;
  /** Of Holdfast. */
  readonly holdfastNamespace: string;
}

export async function volumeWorld(t: TestContext): Promise<VolumeWorld> {
  const cluster = await environment(t).cluster();
  await Promise.all([cluster.image("holdfast"), cluster.image("shell")]);
  const location = await makeLocation(t);
  const holdfastNamespace = `holdfast-${cluster.namespace}`;
  t.after(() => cluster.kubectl("delete", "namespace", holdfastNamespace, "--ignore-not-found", "--wait=false"));
  const variables = { ...location.variables, HOLDFAST_NAMESPACE: holdfastNamespace };
  return { cluster, location, cli: await openCliOn(t, { ...location, variables }, cluster.kubeconfig), holdfastNamespace };
}

export interface BackedUp {
  readonly point: string;
  readonly path: string;
  readonly bytesStored: number;
  readonly volumes: readonly {
    readonly claim: string;
    readonly method: string;
    readonly data?: {
      readonly consistency: string;
      readonly group?: string;
      readonly bytes: number;
      readonly snapshot?: { readonly name: string };
    };
  }[];
  readonly findings: readonly { readonly code: string; readonly object: string }[];
}

export async function backUpVolumes({ cli, cluster }: VolumeWorld, ...args: readonly string[]): Promise<BackedUp> {
  return succeeded(await cli.run("backup", cluster.namespace, "-o", "json", ...args)).json() as BackedUp;
}

/** By claim, what a backup says of its data. */
export function consistencies({ volumes }: BackedUp): Readonly<Record<string, string>> {
  return Object.fromEntries(volumes.map(({ claim, method, data }) => [claim, data === undefined ? method : data.consistency]));
}

/** Restores the newest point with restic alone. Gives the folder. */
export async function resticRestore(t: TestContext, { cli, location }: VolumeWorld, { path }: Pick<BackedUp, "path">): Promise<string> {
  const repository = join(location.url, path);
  const passwordFile = join(cli.folder, "restic.password");
  const access = ["--repository", repository, "--password-file", location.keyFile, "--password-out", passwordFile];
  succeeded(await cli.run("repository", "access", ...access));
  const password = (await readFile(passwordFile, "utf8")).trim();
  const restic = resticOn({ program: await resticBinary(), repository, password, signal: t.signal });
  await restic.run("check", "--read-data");
  const target = join(cli.folder, "restored");
  await restic.run("restore", "latest", "--target", target);
  return target;
}

interface Listed {
  readonly items: readonly {
    readonly metadata: { readonly name: string; readonly namespace?: string; readonly labels?: Readonly<Record<string, string>> };
    readonly spec: { readonly csi?: { readonly volumeHandle: string }; readonly claimRef?: { readonly namespace: string } };
  }[];
}

const SNAPSHOT_KINDS = "volumesnapshots,volumegroupsnapshots";
const CONTENT_KINDS = "volumesnapshotcontents,volumegroupsnapshotcontents";

/**
 * Nothing of a run is left in the cluster, nor on the storage: what goes in the background has time to.
 *
 * @param namespace Of the application, if it is still there
 */
export async function assertNothingLeft({ cluster, holdfastNamespace }: VolumeWorld, volumes: readonly string[]): Promise<void> {
  const list = async (...args: readonly string[]): Promise<Listed["items"]> =>
    (JSON.parse((await cluster.kubectl("get", ...args, "--ignore-not-found", "--output=json")) || "{}") as Partial<Listed>).items ?? [];
  const left = async (): Promise<readonly string[]> => {
    const inOwn = await list(`${SNAPSHOT_KINDS},persistentvolumeclaims,leases,jobs`, `--namespace=${holdfastNamespace}`);
    const inApplication = await list(SNAPSHOT_KINDS);
    const contents = (await list(CONTENT_KINDS)).filter(({ spec }) => JSON.stringify(spec).includes(cluster.namespace));
    const labelled = await list("persistentvolumeclaims", "--selector=holdfast.dev/group");
    return [...inOwn, ...inApplication, ...contents, ...labelled].map(({ metadata }) => metadata.name);
  };
  await untilEmpty(left, "objects");
  await untilEmpty(() => snapshotsOnStorage(cluster.name, volumes), "snapshots on the storage");
}

/** What the storage calls the volumes of the application. */
export async function volumeHandles(cluster: TestCluster): Promise<readonly string[]> {
  const { items } = JSON.parse(await cluster.kubectl("get", "persistentvolumes", "--output=json")) as Listed;
  return items.flatMap(({ spec }) => (spec.claimRef?.namespace === cluster.namespace ? (spec.csi?.volumeHandle ?? []) : []));
}

async function snapshotsOnStorage(name: string, volumes: readonly string[]): Promise<readonly string[]> {
  const machine = await Machine.find(stateDir(name));
  assert.ok(machine !== undefined);
  const folder = join(poolDir(name, "zone-a"), "holdfast-dev/btrfs.csi.holdfast.dev/snapshots");
  const { stdout } = await machine.run("sh", ["-c", `cat ${folder}/*/meta.json 2>/dev/null || true`]);
  return volumes.filter((volume) => stdout.includes(`"${volume}"`));
}

const PATIENCE_MS = 60_000;

async function untilEmpty(look: () => Promise<readonly string[]>, what: string): Promise<void> {
  const until = performance.now() + PATIENCE_MS;
  while (true) {
    const left = await look();
    if (left.length === 0) return;
    assert.ok(performance.now() < until, `${what} are left: ${left.join(", ")}`);
    await sleep(500);
  }
}
