/** All databases of a unit held still at the same time, for as long as it takes to cut their volumes, and what that means for each volume. */
import type { Clock } from "../../base/clock.ts";
import type { FindingSink } from "../../base/finding.ts";
import { blueprintName, type Database, sessionCommandOf } from "../../blueprint/database.ts";
import { openQuiesce, type Quiesced, type QuiesceOutcome } from "../../blueprint/quiesce.ts";
import type { KubeApi } from "../../kube/kube-api.ts";
import type { PointDatabase } from "../../point/description.ts";

export interface QuiesceAllOptions {
  readonly limitMs: number;
  readonly clock: Clock;
  readonly report: FindingSink;
  readonly signal: AbortSignal;
}

export interface HeldDatabases {
  /** Thaws all of them, at once; the same answer each time. */
  release(): Promise<readonly DatabaseOutcome[]>;
}

export interface DatabaseOutcome {
  readonly described: PointDatabase;
  /** `namespace/claim`: what is on them is whole. */
  readonly whole: readonly string[];
  /** They may be in the middle of something. */
  readonly torn: readonly string[];
}

/** @param databases Those that are to be quiesced; one that cannot be is reported */
export async function quiesceAll(api: KubeApi, databases: readonly Database[], options: QuiesceAllOptions): Promise<HeldDatabases> {
  const opened = await Promise.allSettled(
    databases.map(async (database) => ({
      database,
      session: sessionCommandOf(database) === undefined ? undefined : await openQuiesce(api, database, options),
    })),
  );
  const sessions = opened.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  const failed = opened.find(({ status }) => status === "rejected");
  if (failed?.status === "rejected") {
    // None is held for longer because another one was not to be had.
    await Promise.all(sessions.map(async ({ session }) => session?.release()));
    throw failed.reason;
  }
  let outcome: Promise<readonly DatabaseOutcome[]> | undefined;
  const release = (): Promise<readonly DatabaseOutcome[]> =>
    Promise.all(sessions.map(async ({ database, session }) => outcomeOf(database, session, await session?.release())));
  return { release: () => (outcome ??= release()) };
}

function outcomeOf(database: Database, session: Quiesced | undefined, outcome: QuiesceOutcome | undefined): DatabaseOutcome {
  const { namespace } = database;
  const named = (claims: readonly string[]): readonly string[] => claims.map((claim) => `${namespace}/${claim}`);
  const whole = outcome?.result === "held" ? named(session?.claims ?? []) : [];
  const why = outcome === undefined ? reasonOf(database) : outcome.why;
  return {
    described: {
      ...describedDatabase(database),
      pod: session?.pod ?? database.pods[0]?.name ?? "",
      ...(outcome === undefined ? {} : { quiescedMs: Math.max(1, outcome.heldMs) }),
      ...(why === undefined ? {} : { why }),
    },
    whole,
    // Other replicas follow the one that was held: what they have is no more torn than after a power cut.
    torn: outcome?.result === "held" ? [] : named(database.claims),
  };
}

/** As it is before anything is done about it. */
export function describedDatabase(database: Database): PointDatabase {
  const { namespace, workload, blueprint, claims, pods } = database;
  const untested = blueprint !== undefined && blueprint.tested === undefined;
  return { namespace, workload, blueprint: blueprintName(database), untested, pod: pods[0]?.name ?? "", claims };
}

function reasonOf(database: Database): string {
  return sessionCommandOf(database) === undefined ? "its blueprint does not say how" : "it could not be frozen, as a finding says";
}
