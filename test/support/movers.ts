/** A run with movers in the namespace of a test, and the repository of a unit that they reach. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { systemClock } from "../../src/base/clock.ts";
import type { Finding } from "../../src/base/finding.ts";
import { initLocation } from "../../src/location/location.ts";
import { makeUnitRepository, unitStore } from "../../src/location/unit-repository.ts";
import { addUnit } from "../../src/location/units.ts";
import { moverLocation } from "../../src/mover/job/mover-location.ts";
import { openMovers } from "../../src/mover/job/open-movers.ts";
import type { MoverLocation, Movers } from "../../src/mover/movers.ts";
import { openRepository } from "../../src/repository/repository.ts";
import { newLocationKey } from "../../src/repository/secret.ts";
import { openRun } from "../../src/run/open-run.ts";
import type { Run } from "../../src/run/run.ts";
import { openStore } from "../../src/storage/open.ts";
import { environment } from "./environment.ts";
import { openKube } from "./kube.ts";
import type { TestCluster } from "./test-cluster.ts";

export interface MoverWorld {
  readonly cluster: TestCluster;
  readonly image: string;
  readonly run: Run;
  readonly location: MoverLocation;
  readonly movers: Movers;
  readonly findings: readonly Finding[];
}

export interface StorageOfWorld {
  readonly url: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** The namespace of the test is Holdfast's own. */
export async function openMoverWorld(t: TestContext, storage?: StorageOfWorld): Promise<MoverWorld> {
  const { signal } = t;
  const cluster = await environment(t).cluster();
  const image = await cluster.image("holdfast");
  const { url, environment: variables } = storage ?? (await folderStorage(t));
  const store = await openStore(url, { clock: systemClock, environment: variables, signal });
  t.after(() => store[Symbol.asyncDispose]());
  const opened = await initLocation(store, { secret: newLocationKey(), signal });
  const place = await addUnit(opened, { id: "cluster-id", name: "test" }, { kind: "namespace", name: "shop" }, { signal });
  await makeUnitRepository(opened, place, { clock: systemClock, signal });
  const repository = await openRepository(unitStore(opened, place), opened.secret, { signal });
  const location = await moverLocation({ location: opened, place, repository, environment: variables, signal });

  const findings: Finding[] = [];
  const report = (finding: Finding): void => void findings.push(finding);
  const api = await openKube(t, cluster.kubeconfig);
  const run = await openRun(api, { kind: "backup", namespace: cluster.namespace, unit: "shop", clock: systemClock, report, signal });
  t.after(() => run[Symbol.asyncDispose]());
  return { cluster, image, run, location, findings, movers: openMovers({ run, image, location, limit: 2, report }) };
}

async function folderStorage(t: TestContext): Promise<StorageOfWorld> {
  const url = join(await environment(t).temporaryFolder(), "location");
  await mkdir(url);
  return { url, environment: {} };
}
