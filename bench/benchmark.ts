/** The order of a benchmark: tools take turns within each case, so that a machine that slows down slows all of them. */
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { requireSpace } from "../dev/host/disk-space.ts";
import { startS3Server } from "../dev/s3/server.ts";
import { type Case, type CaseName, withNeeded } from "./cases.ts";
import { type DataPaths, type DataSet } from "./data/sets.ts";
import { MeasuredRepository, type ObjectServer } from "./repository.ts";
import { type Measured, type Result, Results, type Sample } from "./results.ts";
import { type Tool } from "./tools/tool.ts";
import { openWorkFolder } from "./work-folder.ts";

export const STORES = ["local", "s3"] as const;
export type StoreName = (typeof STORES)[number];

export interface Plan {
  readonly dataSets: readonly DataSet[];
  readonly stores: readonly StoreName[];
  readonly tools: readonly Tool[];
  /** Undefined: those of each data set. */
  readonly cases: readonly CaseName[] | undefined;
  readonly runs: number;
}

/** Where a benchmark is: what has just begun, or, with a sample, ended. */
export interface Step extends Measured {
  /** From 1. */
  readonly run: number;
  readonly sample?: Sample;
}

/**
 * Runs a plan. One benchmark at a time: a second one waits.
 *
 * @throws {DomainError} unavailable/disk_full: too little space, before anything is generated.
 */
export async function benchmark(plan: Plan, onStep: (step: Step) => void, signal: AbortSignal): Promise<Result[]> {
  await using work = await openWorkFolder(signal);
  const folder = work.path;

  const results = new Results();
  for (const data of plan.dataSets) {
    // Every tool's repository, what each of them restores, and the data.
    const neededBytes = data.dataBytes + data.storedBytes * plan.tools.length * 2;
    await requireSpace(folder, neededBytes, `measure on the data "${data.name}"`, "set HOLDFAST_CACHE to a folder on a larger disk");
    const dataFolder = join(folder, "data");
    await mkdir(dataFolder);
    const paths = await data.prepare(dataFolder, signal);
    for (const store of plan.stores) await measureOn({ plan, data, paths, store, folder, results, onStep, signal });
    await rm(dataFolder, { recursive: true });
  }
  return results.all();
}

interface Contender {
  readonly tool: Tool;
  readonly wanted: ReadonlySet<CaseName>;
  /** The wanted ones and those that they need. */
  readonly cases: readonly Case[];
  readonly repository: MeasuredRepository;
}

interface Round {
  readonly plan: Plan;
  readonly data: DataSet;
  readonly paths: DataPaths;
  readonly store: StoreName;
  readonly folder: string;
  readonly results: Results;
  readonly onStep: (step: Step) => void;
  readonly signal: AbortSignal;
}

async function measureOn(round: Round): Promise<void> {
  const { plan, store, folder, signal } = round;
  const serverFolder = join(folder, "s3");
  await using server = store === "s3" ? await startS3Server({ dataDir: serverFolder, signal }) : undefined;
  const objectServer = server === undefined ? undefined : { server, objectsFolder: join(serverFolder, "objects") };
  for (let run = 1; run <= plan.runs; run++) await measureOnce(round, run, objectServer);
}

async function measureOnce(round: Round, run: number, objectServer: ObjectServer | undefined): Promise<void> {
  const { plan, data, paths, store, folder, results, onStep, signal } = round;
  const wanted = new Set(plan.cases ?? data.cases);
  const contenders: Contender[] = [];
  for (const [number, tool] of plan.tools.entries()) {
    const own = new Set([...wanted].filter((name) => tool.only?.includes(name) ?? true));
    if (own.size === 0) continue;
    const options = { tool, data: paths, folder: join(folder, `tool-${number}`), objectServer, signal };
    contenders.push({ tool, wanted: own, cases: withNeeded(own), repository: await MeasuredRepository.create(options) });
  }
  for (const step of withNeeded(wanted)) {
    for (const { tool, wanted: own, cases, repository } of contenders) {
      if (!cases.includes(step)) continue;
      const of = { data: data.name, store, case: step.name, tool: tool.name };
      onStep({ ...of, run });
      const sample = await repository.measure(step);
      onStep({ ...of, run, sample });
      if (own.has(step.name)) results.add(of, sample);
    }
  }
  for (const { repository } of contenders) await repository.remove();
}
