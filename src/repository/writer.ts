/**
 * Which cluster writes to a repository. Two that did so would forget each other's snapshots and fight for names; a cluster that was restored
 * elsewhere would go on beside the one it was made of. Each change is an epoch with a file of its own, so of two who adopt at a time
 * one wins. Sealed: who has no key of the repository cannot make anybody the writer.
 */
import type { Clock } from "../base/clock.ts";
import { DomainError } from "../base/errors.ts";
import { REPOSITORY_LIMITS } from "./format/limits.ts";
import { type CallOptions, type ObjectKey, parseObjectKey } from "../storage/object-store.ts";
import { encodeJson, JsonObject } from "./format/json-object.ts";
import { timestampAt } from "./format/timestamp.ts";
import { WRITER_FOLDER } from "./layout.ts";
import { repairAccess } from "./repair/repair-access.ts";
import type { Repository } from "./repository.ts";

export interface WriterRecord {
  readonly cluster: string;
  /** From 1 on. */
  readonly epoch: number;
  /** When the cluster became the writer. */
  readonly timeMs: number;
}

export interface AdoptOptions extends CallOptions {
  readonly cluster: string;
  /** Although the present writer is at work, or its record is damaged. */
  readonly force: boolean;
  readonly clock: Clock;
}

const VERSION = 1;
const EPOCH_FORM = /^[0-9]{12}$/;
const EPOCH_DIGITS = 12;
/** A writer of whom nothing came for so long has stopped. */
const AT_WORK_MS = 60 * 60_000;

/**
 * undefined: there is none, everybody may write.
 *
 * @throws {DomainError} corrupt/writer_record, corrupt/unauthentic
 * @throws {DomainError} unsupported/writer_record_version
 */
export async function readWriter({ store, cipher }: Repository, options: CallOptions = {}): Promise<WriterRecord | undefined> {
  const epoch = await lastEpoch(store, options);
  if (epoch === 0) return undefined;
  const fields = JsonObject.parse(
    cipher.open(await store.get(keyOfEpoch(epoch), { ...options, maxBytes: REPOSITORY_LIMITS.configBytes })),
    "writer record",
  );
  if (fields.count("version") !== VERSION) {
    throw new DomainError("unsupported", "writer_record_version", `Cannot tell who writes to "${store.url}": a newer version noted it`, {
      hint: "Use a newer Holdfast",
    });
  }
  const cluster = fields.text("cluster");
  if (cluster === "") throw fields.fault('field "cluster" is missing');
  return { cluster, epoch, timeMs: fields.requiredTime("time").epochMs };
}

/**
 * Makes a cluster the writer, and gives the repository spares where it has none. Nothing is written if it is.
 *
 * @throws {DomainError} conflict/writer_at_work: another one has written in the last hour
 * @throws {DomainError} conflict/adopted_meanwhile: another one became it at the same time
 * @throws {DomainError} as readWriter(), without `force`
 */
export async function adopt(repository: Repository, { cluster, force, clock, signal }: AdoptOptions): Promise<WriterRecord> {
  const { store, cipher } = repository;
  if (cluster === "") throw new RangeError("Cannot adopt a repository: the cluster has no name");
  const epoch = (await lastEpoch(store, { signal })) + 1;
  if (!force) {
    const present = await readWriter(repository, { signal });
    if (present?.cluster === cluster) return present;
    if (present !== undefined) await refuseAtWork(repository, present, clock, { signal });
  }
  const record = { cluster, epoch, timeMs: clock.now() };
  const json = encodeJson({ version: VERSION, cluster, epoch, time: timestampAt(record.timeMs).text });
  try {
    await store.put(keyOfEpoch(epoch), cipher.seal(json), { ifAbsent: true, signal });
  } catch (error) {
    if (!(error instanceof DomainError) || error.code !== "object_exists") throw error;
    throw new DomainError("conflict", "adopted_meanwhile", `Cannot adopt repository "${store.url}": another cluster did at the same time`, {
      hint: "Decide which of them is to write",
    });
  }
  await repairAccess(repository, { dryRun: false, lostKeys: [], report: () => undefined, signal });
  return record;
}

/**
 * Gives the writer, if there is one.
 *
 * @throws {DomainError} conflict/not_the_writer
 */
export async function assertWriter(repository: Repository, cluster: string, options: CallOptions = {}): Promise<WriterRecord | undefined> {
  const writer = await readWriter(repository, options);
  if (writer === undefined || writer.cluster === cluster) return writer;
  const { url } = repository.store;
  throw new DomainError("conflict", "not_the_writer", `Cannot write to repository "${url}": cluster "${writer.cluster}" does`, {
    details: { writer: writer.cluster, epoch: writer.epoch },
    hint: 'If that cluster is gone, run "holdfast repository adopt"',
  });
}

async function refuseAtWork({ store, files }: Repository, writer: WriterRecord, clock: Clock, options: CallOptions): Promise<void> {
  let lastMs = writer.timeMs;
  for (const type of ["snapshots", "index"] as const) {
    for await (const { modifiedMs } of files.list(type, options)) lastMs = Math.max(lastMs, modifiedMs);
  }
  if (clock.now() - lastMs >= AT_WORK_MS) return;
  const state = `cluster "${writer.cluster}" has written in the last hour`;
  throw new DomainError("conflict", "writer_at_work", `Cannot adopt repository "${store.url}": ${state}`, {
    details: { writer: writer.cluster, epoch: writer.epoch },
    hint: "Stop that cluster first, or use --force if it is gone for good",
  });
}

/** 0: there is none. */
async function lastEpoch(store: Repository["store"], options: CallOptions): Promise<number> {
  let last = 0;
  for await (const { key } of store.list(WRITER_FOLDER, options)) {
    const name = key.slice(WRITER_FOLDER.length);
    if (EPOCH_FORM.test(name)) last = Math.max(last, Number(name));
  }
  return last;
}

function keyOfEpoch(epoch: number): ObjectKey {
  return parseObjectKey(`${WRITER_FOLDER}${String(epoch).padStart(EPOCH_DIGITS, "0")}`);
}
