/**
 * The last part of a restore: a dump goes into the database that has new and empty volumes, and each database is asked whether it is sound.
 * A database that was there before is asked, and never loaded into.
 */
import { type Database, blueprintName, describeDatabase } from "../../blueprint/database.ts";
import type { Blueprint } from "../../blueprint/blueprint.ts";
import { findDatabases } from "../../blueprint/find-databases.ts";
import { runCheck, runLoad } from "../../blueprint/operations.ts";
import { asDomainError, DomainError } from "../../base/errors.ts";
import type { FindingSink } from "../../base/finding.ts";
import type { ProgressSink } from "../../base/progress.ts";
import type { KubeApi } from "../../kube/kube-api.ts";

export interface DatabaseRequest {
  readonly api: KubeApi;
  readonly blueprints: readonly Blueprint[];
  /** Where objects were restored to. */
  readonly namespaces: readonly string[];
  readonly streams: readonly PlacedStream[];
  /** Whether a claim was made by this restore. */
  readonly isNew: (namespace: string, claim: string) => boolean;
  readonly report: FindingSink;
  readonly progress?: ProgressSink | undefined;
  readonly signal: AbortSignal;
}

/** Where the database of a dump is now. */
export interface PlacedStream {
  readonly blueprint: string;
  readonly namespace: string;
  readonly pod: string;
  readonly bytes: number;
  readonly read: () => AsyncIterable<Uint8Array>;
}

export interface DatabaseOutcome {
  readonly namespace: string;
  readonly workload: string;
  readonly blueprint: string;
  /** Nobody has tried the blueprint. */
  readonly untested: boolean;
  /** Of the dump; absent: none was loaded. */
  readonly loadedBytes?: number;
  /** `none`: the blueprint does not say how. */
  readonly check: "failed" | "none" | "passed";
  readonly ms: number;
}

export async function finishDatabases(request: DatabaseRequest): Promise<readonly DatabaseOutcome[]> {
  const { api, namespaces, progress, signal } = request;
  const databases = (await Promise.all(namespaces.map(async (namespace) => findDatabases(api, namespace, request)))).flat();
  const outcomes: DatabaseOutcome[] = [];
  for (const database of databases) {
    signal.throwIfAborted();
    progress?.({
      stage: "Checking databases",
      doneBytes: 0,
      doneItems: outcomes.length,
      totalItems: databases.length,
      current: database.workload,
    });
    outcomes.push(...(await finish(database, request)));
  }
  return outcomes;
}

async function finish(database: Database, request: DatabaseRequest): Promise<readonly DatabaseOutcome[]> {
  const { api, report, signal, streams } = request;
  const { blueprint, namespace, workload, pods } = database;
  // Hooks say how to hold one still, and nothing else.
  if (blueprint === undefined) return [];
  const { clock } = api;
  const startMs = clock.monotonicMs();
  const stream = streams.find(
    (one) => one.namespace === namespace && one.blueprint === blueprint.name && pods.some(({ name }) => name === one.pod),
  );
  const attempt = async (code: string, work: () => Promise<unknown>): Promise<boolean> => {
    try {
      await work();
      return true;
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof DomainError)) throw error;
      report({ grade: "partial", code, object: describeDatabase(database), message: asDomainError(error).message });
      return false;
    }
  };
  const isLoaded = stream !== undefined && (await load(database, stream, request, attempt));
  const isChecked = blueprint.check !== undefined;
  const isSound = isChecked && (await attempt("database_check_failed", async () => runCheck(api, database, { clock, signal })));
  return [
    {
      namespace,
      workload,
      blueprint: blueprintName(database),
      untested: blueprint.tested === undefined,
      ...(isLoaded ? { loadedBytes: stream.bytes } : {}),
      check: isChecked ? (isSound ? "passed" : "failed") : "none",
      ms: Math.round(clock.monotonicMs() - startMs),
    },
  ];
}

async function load(
  database: Database,
  { read }: PlacedStream,
  { api, isNew, report, signal }: DatabaseRequest,
  attempt: (code: string, work: () => Promise<unknown>) => Promise<boolean>,
): Promise<boolean> {
  const { namespace, claims } = database;
  if (!claims.every((claim) => isNew(namespace, claim))) {
    const message = "Its dump is not loaded, as its volumes were there before: what is in it now would be written over";
    report({ grade: "partial", code: "stream_not_loaded", object: describeDatabase(database), message });
    return false;
  }
  return attempt("stream_not_loaded", async () => runLoad(api, database, read(), { clock: api.clock, signal }));
}
