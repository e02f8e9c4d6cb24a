/** Databases of a test's namespace, found and held as a backup does it. */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { systemClock } from "../../src/base/clock.ts";
import type { Finding } from "../../src/base/finding.ts";
import type { Database } from "../../src/blueprint/database.ts";
import { findDatabases as find } from "../../src/blueprint/find-databases.ts";
import { readLibrary } from "../../src/blueprint/library.ts";
import { openQuiesce, type Quiesced } from "../../src/blueprint/quiesce.ts";
import type { KubeApi } from "../../src/kube/kube-api.ts";
import { openKube } from "./kube.ts";
import type { TestCluster } from "./test-cluster.ts";

/** Generous, for a busy machine. */
const LIMIT_MS = 60_000;

export interface FoundDatabases {
  readonly api: KubeApi;
  readonly databases: readonly Database[];
  readonly findings: readonly Finding[];
}

export async function findDatabases(
  t: TestContext,
  { kubeconfig, namespace }: Pick<TestCluster, "kubeconfig" | "namespace">,
): Promise<FoundDatabases> {
  const api = await openKube(t, kubeconfig);
  const findings: Finding[] = [];
  const blueprints = await readLibrary([], t.signal);
  const report = (finding: Finding): unknown => findings.push(finding);
  return { api, databases: await find(api, namespace, { blueprints, report, signal: t.signal }), findings };
}

/** Freezes the only one of the namespace. */
export async function freeze(t: TestContext, cluster: TestCluster, limitMs: number = LIMIT_MS): Promise<Quiesced> {
  const { api, databases } = await findDatabases(t, cluster);
  const [database] = databases;
  assert.ok(database !== undefined && databases.length === 1);
  const findings: Finding[] = [];
  const quiesced = await openQuiesce(api, database, {
    limitMs,
    clock: systemClock,
    signal: t.signal,
    report: (finding) => findings.push(finding),
  });
  assert.ok(quiesced !== undefined, JSON.stringify(findings));
  return quiesced;
}
