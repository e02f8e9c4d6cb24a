/** An application with volumes that are in use, and what it takes to exchange them, without movers: new volumes are filled by pods of the test. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import type { TestContext } from "node:test";
import { systemClock } from "../../src/base/clock.ts";
import { DomainError } from "../../src/base/errors.ts";
import type { Finding } from "../../src/base/finding.ts";
import { discover } from "../../src/kube/discovery.ts";
import type { KubeApi } from "../../src/kube/kube-api.ts";
import { type JsonObject, objectIn, textIn } from "../../src/kube/json.ts";
import type { ResourcePath } from "../../src/kube/resource-type.ts";
import { createObject, getObject } from "../../src/kube/objects.ts";
import { initLocation, openLocation, type Location } from "../../src/location/location.ts";
import { newLocationKey, parseSecret, secretText } from "../../src/repository/secret.ts";
import { listSetAside, release } from "../../src/recover/swap/release.ts";
import { letGo } from "../../src/recover/swap/kept-volumes.ts";
import { runSwap, runUndo, type SwapReport, type SwapRun } from "../../src/recover/swap/run-swap.ts";
import type { Resumed } from "../../src/recover/swap/resume.ts";
import type { ClaimName } from "../../src/recover/swap/steps.ts";
import type { SwapClaim } from "../../src/recover/swap/swap-plan.ts";
import type { FilledVolume } from "../../src/recover/volumes/filled-volume.ts";
import { CLAIMS, uidOf } from "../../src/recover/volumes/storage-objects.ts";
import { openRun } from "../../src/run/open-run.ts";
import { readRun } from "../../src/run/records.ts";
import { parseUlid } from "../../src/base/ids.ts";
import { FileStore } from "../../src/storage/file.ts";
import { intercept } from "../../src/storage/intercept.ts";
import { environment } from "./environment.ts";
import { FIELD_MANAGER, openKube, PODS } from "./kube.ts";
import { claim, podSpec } from "./manifests.ts";
import type { TestCluster } from "./test-cluster.ts";

export const POINT = "01M8J3GYGCV0Z5T0000000000A";
/** What of the database in these tests has to be as before, whatever happens. */
export const RETENTION = { whenScaled: "Delete", whenDeleted: "Retain" };
/** A class that binds at once makes volumes in any zone, and several of one pod have to be in the same. */
export const ON_NODE = { "volume.kubernetes.io/selected-node": "node-1" };
const PLACE = { path: "prod/shop/_namespace" };

/** All that a process needs to know to do a swap of its own. */
export interface SwapSetting {
  readonly kubeconfig: string;
  /** Namespace of Holdfast. */
  readonly holdfast: string;
  readonly store: string;
  readonly key: string;
  readonly claims: readonly ClaimName[];
  /** By the name of the claim. */
  readonly filled: Readonly<Record<string, FilledVolume>>;
  /** Dies so long after so many records were written. */
  readonly dieAt?: { readonly record: number; readonly afterMs: number } | undefined;
}

export interface SwapWorld {
  readonly cluster: TestCluster;
  readonly api: KubeApi;
  readonly namespace: string;
  readonly image: string;
  readonly location: Location;
  /** A volume with this content, in a claim of Holdfast's namespace. */
  readonly fill: (content: string, options?: { readonly size?: string }) => Promise<FilledVolume>;
  readonly setting: (claims: readonly string[], filled: readonly FilledVolume[]) => SwapSetting;
  readonly swap: (claims: readonly string[], filled: readonly FilledVolume[], options?: SwapOptions) => Promise<Swapped>;
  /** Deletes what a run has set aside; gives the volumes. */
  readonly release: (run: string) => Promise<readonly string[]>;
  readonly undo: (run: string, options?: SwapOptions) => Promise<Undone>;
  /** What the application reads from its volume, once its pod is ready. */
  readonly content: (podName?: string) => Promise<string>;
  readonly volumeOf: (claimName: string) => Promise<string>;
}

export interface SwapOptions {
  /** The location takes so many records and then none for some time. */
  readonly recordsTaken?: number;
  /** A person cancels it once so many records are written. */
  readonly cancelledAfter?: number;
  readonly ownersPaused?: boolean;
  readonly waitMs?: number;
}

export interface Swapped {
  readonly report: SwapReport;
  readonly findings: readonly Finding[];
}

export interface Undone {
  readonly report: SwapReport | Resumed | undefined;
  readonly findings: readonly Finding[];
}

export async function swapWorld(t: TestContext): Promise<SwapWorld> {
  const cluster = await environment(t).cluster();
  const { namespace } = cluster;
  const holdfast = `${namespace}-hf`;
  // Before the client is closed.
  t.after(async () => {
    await cluster.kubectl("delete", "namespace", holdfast, "--wait=false", "--ignore-not-found");
    // What is set aside is kept for ever, by design.
    const { signal } = new AbortController();
    const volumes = await listSetAside(api, undefined, signal);
    for (const { name, claim: of } of volumes) if (of.namespace === namespace) await letGo(api, name, "Delete", signal);
  });
  const api = await openKube(t, cluster.kubeconfig);
  const image = await cluster.image("shell");
  const folder = await environment(t).temporaryFolder();
  const secret = newLocationKey();
  const location = await initLocation(new FileStore(folder, systemClock), { secret });
  await cluster.kubectl("create", "namespace", holdfast);
  const setting: SwapWorld["setting"] = (claims, filled) => ({
    kubeconfig: cluster.kubeconfig,
    holdfast,
    store: folder,
    key: secretText(secret),
    claims: claims.map((name) => ({ namespace, name })),
    filled: Object.fromEntries(claims.map((name, index) => [name, filled[index] as FilledVolume])),
  });
  return {
    cluster,
    api,
    namespace,
    image,
    location,
    setting,
    fill: async (content, { size = "64Mi" } = {}) => {
      const name = `fill-${randomBytes(4).toString("hex")}`;
      const write = ["sh", "-c", `echo ${content} > /data/content && sync`];
      const writer = { ...podSpec({ image, command: write, mounts: { "/data": name } }), restartPolicy: "Never" };
      const create = async (resource: ResourcePath, object: object): Promise<void> => {
        const whole = { ...object, metadata: { name, annotations: ON_NODE } } as JsonObject;
        await createObject(api, resource, whole, { namespace: holdfast, fieldManager: FIELD_MANAGER });
      };
      await create(CLAIMS, claim(name, { size }));
      await create(PODS, { apiVersion: "v1", kind: "Pod", spec: writer });
      await cluster.kubectl("-n", holdfast, "wait", `pod/${name}`, "--for=jsonpath={.status.phase}=Succeeded", "--timeout=60s");
      await cluster.kubectl("-n", holdfast, "delete", "pod", name, "--wait");
      const object = await getObject(api, CLAIMS, { namespace: holdfast, name });
      const persistentVolume = textIn(objectIn(object, "spec"), "volumeName") ?? "";
      return { claim: { namespace: holdfast, name, uid: uidOf(object) }, persistentVolume };
    },
    swap: async (claims, filled, options = {}) => {
      const { recordsTaken = Number.POSITIVE_INFINITY, cancelledAfter } = options;
      const cancel = new AbortController();
      let records = 0;
      const store = intercept(location.store, async ({ name, key }, call) => {
        if (name !== "put" || !key.startsWith("holdfast-location/runs/")) return call();
        if (++records > recordsTaken) throw new DomainError("unavailable", "storage_unavailable", "Cannot reach the storage");
        const result = await call();
        if (records === cancelledAfter) cancel.abort(new DomainError("cancelled", "interrupted", "Cancelled by SIGINT"));
        return result;
      });
      return swapAs(api, { ...location, store }, setting(claims, filled), options, AbortSignal.any([t.signal, cancel.signal]));
    },
    release: async (run) => {
      const volumes = await listSetAside(api, run, t.signal);
      await release(api, volumes, ({ message }) => assert.fail(message), t.signal);
      return volumes.map(({ name }) => name);
    },
    undo: async (run, options = {}) =>
      withRun(api, { location, holdfast }, options, t.signal, async (request) =>
        runUndo(request, await readRun(location, { path: PLACE.path, id: parseUlid(run) }, {})),
      ),
    content: async (podName = "db-0") => {
      await cluster.waitFor(`pod/${podName}`, "create");
      await cluster.waitFor(`pod/${podName}`, "condition=Ready");
      return (await cluster.exec(podName, "cat", "/data/content")).trim();
    },
    volumeOf: async (claimName) => cluster.field(`pvc/${claimName}`, ".spec.volumeName"),
  };
}

/** Reads and writes one volume; ready once it has said what is in it. */
export function databaseSet(image: string, options: Readonly<Record<string, unknown>> = {}): object {
  const command = ["sh", "-c", "test -e /data/content || echo empty > /data/content; exec sleep 1000000"];
  const template = {
    metadata: { labels: { app: "db" } },
    spec: podSpec({ image, command, mounts: { "/data": "data" }, readyWhen: ["grep", "-qv", "broken", "/data/content"] }),
  };
  const { volumes: _volumes, ...spec } = template.spec as Readonly<Record<string, unknown>>;
  return {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { name: "db" },
    spec: {
      replicas: 1,
      serviceName: "db",
      selector: { matchLabels: { app: "db" } },
      template: { ...template, spec },
      volumeClaimTemplates: [claim("data", { size: "64Mi", labels: { of: "db" } })].map(withoutKind),
      ...options,
    },
  };
}

/** It runs, and has written to its volume. */
export async function serving(world: SwapWorld, options: Readonly<Record<string, unknown>> = {}): Promise<void> {
  await world.cluster.apply(databaseSet(world.image, options));
  await world.content();
  await world.cluster.exec("db-0", "sh", "-c", "echo old > /data/content");
}

/** Nothing of a swap is left on the application. */
export async function assertAsBefore({ cluster }: SwapWorld, volume: string): Promise<void> {
  assert.equal(await cluster.field("pvc/data-db-0", ".spec.volumeName"), volume);
  assert.equal(await cluster.field("statefulset/db", ".spec.replicas"), "1");
  assert.deepEqual(JSON.parse(await cluster.field("statefulset/db", ".spec.persistentVolumeClaimRetentionPolicy")), RETENTION);
  assert.equal(await cluster.field(`pv/${volume}`, ".spec.persistentVolumeReclaimPolicy"), "Delete");
  assert.doesNotMatch(await cluster.field(`pv/${volume}`, ".metadata.annotations"), /"holdfast\.dev\//);
}

function withoutKind(object: object): object {
  const { apiVersion: _version, kind: _kind, ...rest } = object as Readonly<Record<string, unknown>>;
  return rest;
}

export async function swapAs(
  api: KubeApi,
  location: Location,
  { claims, filled, holdfast }: Pick<SwapSetting, "claims" | "filled" | "holdfast">,
  options: SwapOptions,
  signal: AbortSignal,
): Promise<Swapped> {
  return withRun(api, { location, holdfast }, options, signal, async (request) =>
    runSwap(request, POINT, claims, async ({ name }: SwapClaim) => filled[name.name] as FilledVolume),
  );
}

async function withRun<T>(
  api: KubeApi,
  { location, holdfast }: { readonly location: Location; readonly holdfast: string },
  { ownersPaused = false, waitMs = 60_000 }: SwapOptions,
  signal: AbortSignal,
  work: (request: SwapRun) => Promise<T>,
): Promise<{ readonly report: T; readonly findings: readonly Finding[] }> {
  const findings: Finding[] = [];
  const report = (finding: Finding): void => void findings.push(finding);
  const options = { kind: "restore", namespace: holdfast, unit: "shop", clock: systemClock, report, signal } as const;
  await using run = await openRun(api, options);
  const table = await discover(api, signal);
  return { report: await work({ run, table, cluster: "the-cluster", location, place: PLACE, ownersPaused, waitMs, report }), findings };
}

/** For a process of its own. */
export async function openLocationOf({ store, key, dieAt }: SwapSetting): Promise<Location> {
  let records = 0;
  const counted = intercept(new FileStore(store, systemClock), async ({ name, key: object }, call) => {
    const isRecord = name === "put" && object.startsWith("holdfast-location/runs/");
    if (!isRecord || dieAt === undefined) return call();
    const result = await call();
    if (++records === dieAt.record) {
      if (dieAt.afterMs === 0) process.kill(process.pid, "SIGKILL");
      else setTimeout(() => process.kill(process.pid, "SIGKILL"), dieAt.afterMs);
    }
    return result;
  });
  return openLocation(counted, parseSecret(key));
}
