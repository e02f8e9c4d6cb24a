/**
 * What runs did and are about to do, kept in the location as sealed records: one object for each step, written before the step is done
 * and never changed. Who finds a run that was killed knows from them what there is to undo, and two who go on with one run cannot both:
 * the next number is there only once.
 */
import { hostname } from "node:os";
import { type Clock, isoTime } from "../base/clock.ts";
import { mapConcurrent } from "../base/concurrency.ts";
import { DomainError } from "../base/errors.ts";
import type { FindingSink } from "../base/finding.ts";
import { parseUlid, randomHexId, type Ulid } from "../base/ids.ts";
import { LOCATION_FOLDER, type Location } from "../location/location.ts";
import { addRecord, readRecord, recordKey } from "../location/records.ts";
import type { UnitPlace } from "../location/units.ts";
import type { JsonObject } from "../kube/json.ts";
import type { JsonObject as RecordFields } from "../repository/format/json-object.ts";
import type { CallOptions, ObjectKey } from "../storage/object-store.ts";

/** `swap` is a restore into claims that are in use, `undo` the way back, `release` the end of what a swap has set aside. */
export type RecordedKind = "backup" | "clone" | "release" | "restore" | "swap" | "undo";
export type RunOutcome = "failed" | "partial" | "rolled-back" | "succeeded";

export interface RunHeader {
  readonly id: Ulid;
  readonly kind: RecordedKind;
  /** The restore point that it makes or restores. */
  readonly point?: string | undefined;
  /** The run that it undoes or releases. */
  readonly of?: string | undefined;
  /** Id of the cluster that it works in. */
  readonly cluster: string;
  /** Holdfast's, where the run's Lease is as long as it lives. */
  readonly namespace: string;
}

export interface RecordedHeader extends RunHeader {
  /** Of the unit in the location. */
  readonly path: string;
  /** RFC 3339. */
  readonly time: string;
  readonly host: string;
}

export type RunEntry =
  /** Is about to be done; it has what is needed to undo it. */
  | { readonly type: "step"; readonly step: JsonObject }
  /** A moment from which on other things are true. */
  | { readonly type: "mark"; readonly mark: string; readonly time: string; readonly host: string };

export interface RunEnd {
  readonly outcome: RunOutcome;
  readonly time: string;
  /** For people and programs: times, counts, what was set aside. Never a secret. */
  readonly facts: JsonObject;
}

export interface RecordedRun {
  readonly header: RecordedHeader;
  readonly entries: readonly RunEntry[];
  /** undefined: it works, or was killed. */
  readonly end: RunEnd | undefined;
}

export type RunSummary = Pick<RecordedRun, "end" | "header">;

/** Where the record of one run grows. */
export class RunRecord {
  readonly header: RecordedHeader;
  readonly #location: Location;
  readonly #clock: Clock;
  /** Tells its entries from those of whoever else goes on with the run. */
  readonly #writer: string = randomHexId();
  #next: number;

  constructor(location: Location, header: RecordedHeader, next: number, clock: Clock) {
    this.header = header;
    this.#location = location;
    this.#next = next;
    this.#clock = clock;
  }

  /** Returns once it is kept. @throws {DomainError} conflict/run_taken_over */
  async step(step: JsonObject, options: CallOptions = {}): Promise<void> {
    await this.#add({ type: "step", step }, options);
  }

  async mark(mark: string, options: CallOptions = {}): Promise<void> {
    await this.#add({ type: "mark", mark, host: hostname() }, options);
  }

  async end(outcome: RunOutcome, facts: JsonObject = {}, options: CallOptions = {}): Promise<void> {
    await this.#add({ type: "end", outcome, facts }, options);
  }

  async #add(fields: Readonly<Record<string, unknown>>, options: CallOptions): Promise<void> {
    const { path, id } = this.header;
    while (true) {
      const entry = { ...fields, writer: this.#writer, time: isoTime(this.#clock.now()) };
      if (await addRecord(this.#location, keyOf(path, id, this.#next), entry, options)) break;
      const there = await read(this.#location, `${path}/${id}`, this.#next, options);
      // Our own, of which the answer never came.
      if (there?.text("writer") !== this.#writer) throw takenOver(id);
      this.#next++;
    }
    this.#next++;
  }
}

function takenOver(id: Ulid): DomainError {
  return new DomainError("conflict", "run_taken_over", `Cannot go on with run ${id}: somebody else does`, {
    hint: `Run "holdfast run show ${id}" to see how it goes`,
  });
}

const FOLDER = `${LOCATION_FOLDER}/runs`;
const DIGITS = 3;
const CONCURRENT_READS = 16;

/** Begins the record of a run. */
export async function openRecord(
  location: Location,
  { path }: Pick<UnitPlace, "path">,
  header: RunHeader,
  { clock, ...options }: CallOptions & { readonly clock: Clock },
): Promise<RunRecord> {
  const whole = { ...header, path, time: isoTime(clock.now()), host: hostname() };
  const { id: _id, path: _path, ...fields } = whole;
  const isNew = await addRecord(location, keyOf(path, header.id, 0), { type: "header", ...fields }, options);
  if (!isNew) throw new DomainError("conflict", "run_exists", `Cannot begin run ${header.id}: there is one already`);
  return new RunRecord(location, whole, 1, clock);
}

/** To go on with a run that was killed. */
export function continueRecord(location: Location, { header, entries }: RecordedRun, clock: Clock): RunRecord {
  return new RunRecord(location, header, entries.length + 1, clock);
}

export interface RunPlace extends Pick<RecordedHeader, "id" | "path"> {
  /** Number of its last record. */
  readonly last: number;
}

/** Where runs have records, the oldest first; none is read. @param path Only of this unit */
export async function listRunPlaces(location: Location, path: string | undefined, options: CallOptions): Promise<readonly RunPlace[]> {
  const places = new Map<string, RunPlace>();
  for await (const { key } of location.store.list(path === undefined ? `${FOLDER}/` : `${FOLDER}/${path}/`, options)) {
    const place = parseKey(key);
    if (place === undefined || (places.get(place.id)?.last ?? -1) > place.last) continue;
    places.set(place.id, place);
  }
  return [...places.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

/** The oldest first. What cannot be read is reported. @param path Only runs of this unit */
export async function listRuns(
  location: Location,
  path: string | undefined,
  { report, ...options }: CallOptions & { readonly report?: FindingSink | undefined },
): Promise<readonly RunSummary[]> {
  const places = await listRunPlaces(location, path, options);
  const runs = await mapConcurrent(places, { limit: CONCURRENT_READS, signal: options.signal }, async (place, signal) => {
    try {
      return await readSummary(location, place, { signal });
    } catch (error) {
      if (!(error instanceof DomainError) || error.kind !== "corrupt" || report === undefined) throw error;
      report({ grade: "critical", code: "run_record_damaged", object: `run ${place.id}`, message: error.message });
      return undefined;
    }
  });
  return runs.filter((run) => run !== undefined);
}

async function readSummary(location: Location, { path, id, last }: RunPlace, options: CallOptions): Promise<RunSummary | undefined> {
  const folder = `${path}/${id}`;
  const header = await readHeader(location, folder, options);
  if (header === undefined) return undefined;
  const fields = last === 0 ? undefined : await read(location, folder, last, options);
  return { header, end: fields === undefined ? undefined : endIn(fields) };
}

/** @throws {DomainError} corrupt/run_record */
export async function readRun(
  location: Location,
  { path, id }: Pick<RecordedHeader, "id" | "path">,
  options: CallOptions,
): Promise<RecordedRun> {
  const folder = `${path}/${id}`;
  const header = await readHeader(location, folder, options);
  if (header === undefined) throw new DomainError("not-found", "run_not_found", `Cannot find run "${id}": there is none`);
  const entries: RunEntry[] = [];
  while (true) {
    const fields = await read(location, folder, entries.length + 1, options);
    const end = fields === undefined ? undefined : endIn(fields);
    if (fields === undefined || end !== undefined) return { header, entries, end };
    entries.push(entryIn(fields));
  }
}

async function readHeader(location: Location, folder: string, options: CallOptions): Promise<RecordedHeader | undefined> {
  const fields = await read(location, folder, 0, options);
  if (fields === undefined) return undefined;
  const cut = folder.lastIndexOf("/");
  const [point, of] = [fields.text("point"), fields.text("of")];
  return {
    id: parseUlid(folder.slice(cut + 1)),
    path: folder.slice(0, cut),
    kind: fields.requiredText("kind") as RecordedKind,
    ...(point === "" ? {} : { point }),
    ...(of === "" ? {} : { of }),
    cluster: fields.text("cluster"),
    namespace: fields.text("namespace"),
    time: fields.requiredText("time"),
    host: fields.text("host"),
  };
}

function entryIn(fields: RecordFields): RunEntry {
  const type = fields.text("type");
  if (type === "step") return { type, step: fields.requiredObject("step").rest() as JsonObject };
  if (type === "mark") return { type, mark: fields.text("mark"), time: fields.text("time"), host: fields.text("host") };
  throw fields.fault(`there is no entry of type "${type}"`);
}

function endIn(fields: RecordFields): RunEnd | undefined {
  if (fields.text("type") !== "end") return undefined;
  const facts = (fields.object("facts")?.rest() ?? {}) as JsonObject;
  return { outcome: fields.requiredText("outcome") as RunOutcome, time: fields.text("time"), facts };
}

async function read(location: Location, folder: string, number: number, options: CallOptions): Promise<RecordFields | undefined> {
  return readRecord(location, recordKey(`${FOLDER}/${folder}`, padded(number)), "run record", options);
}

function keyOf(path: string, id: Ulid, number: number): ObjectKey {
  return recordKey(`${FOLDER}/${path}/${id}`, padded(number));
}

function padded(number: number): string {
  return String(number).padStart(DIGITS, "0");
}

/** Whoever may write to the storage may put anything there. */
function parseKey(key: string): RunPlace | undefined {
  const match = /^(?<path>.+)\/(?<id>[0-7][0-9A-HJKMNP-TV-Z]{25})\/(?<last>\d{3,6})$/.exec(key.slice(FOLDER.length + 1));
  const { path, id, last } = match?.groups ?? {};
  return path === undefined || id === undefined ? undefined : { path, id: parseUlid(id), last: Number(last) };
}
