/** Looks at everything that is small: keys, index files, snapshots, and Holdfast's own records. */
import { isDeepStrictEqual } from "node:util";
import { DomainError } from "../../base/errors.ts";
import type { HexId } from "../../base/ids.ts";
import { chunkerFields } from "../format/chunker-parameters.ts";
import type { Config } from "../format/config.ts";
import { scanIndexFile } from "../index/index-file.ts";
import { parseSnapshot } from "../format/snapshot.ts";
import { CHUNKER_KEY, folderOf, type SealedFileType, WRITER_FOLDER } from "../layout.ts";
import type { Repository } from "../repository.ts";
import type { Session } from "../session.ts";
import { readWriter } from "../writer.ts";
import { checkAccessFiles } from "./access-files.ts";
import type { Damages } from "./damages.ts";

/** What runs note to go faster. */
const RECORDS: readonly SealedFileType[] = ["marks", "resume", "ledger"];

/** Adds what is damaged; gives the numbers of the damages of index files. */
export async function checkSmallFiles(session: Session, damages: Damages): Promise<readonly number[]> {
  const damagedIndexFiles = session.isIndexWhole ? [] : await checkIndexFiles(session, damages);
  await checkSnapshots(session, damages);
  await checkRecords(session, damages);
  await checkAccessFiles(session, damages);
  await checkOwnFiles(session, damages);
  return damagedIndexFiles;
}

async function checkRecords(session: Session, damages: Damages): Promise<void> {
  for (const type of RECORDS) {
    for await (const { id } of session.repository.files.list(type, session)) {
      const state = await faultOf(session, type, id);
      if (state === undefined) continue;
      const remedy = "the next run only takes longer without it";
      damages.add({ grade: "info", code: "record_damaged", object: `${folderOf(type)}${id}`, state, remedy });
    }
  }
}

async function checkIndexFiles(session: Session, damages: Damages): Promise<readonly number[]> {
  const numbers: number[] = [];
  for (const id of session.indexFiles) {
    const state = await faultOf(session, "index", id, (json) => scanIndexFile(json, { pack: () => undefined, blob: () => undefined }));
    if (state === undefined) continue;
    const remedy = 'run "holdfast repository repair index"';
    numbers.push(damages.add({ code: "index_file_damaged", object: `index/${id}`, state, remedy }));
  }
  return numbers;
}

async function checkSnapshots(session: Session, damages: Damages): Promise<void> {
  const readable = new Set(session.snapshots.map(({ id }) => id));
  for await (const { id } of session.repository.files.list("snapshots", session)) {
    if (readable.has(id)) continue;
    const state = await faultOf(session, "snapshots", id, parseSnapshot);
    if (state === undefined) continue;
    const remedy = 'run "holdfast repository repair snapshots --forget" to remove it, then back up the same data once more';
    damages.add({ code: "snapshot_damaged", object: `snapshots/${id}`, state, remedy, lostSnapshot: id });
  }
}

/** What is wrong with a file; undefined also if it is not there any more. */
async function faultOf(
  { repository, signal }: Session,
  type: SealedFileType,
  id: HexId,
  parse: (json: Uint8Array) => unknown = () => undefined,
): Promise<string | undefined> {
  return faultIn(async () => parse(await repository.files.load(type, id, { signal })));
}

async function faultIn(work: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    if (error.code === "object_not_found") return undefined;
    if (error.kind !== "corrupt" && error.code !== "index_file_format") throw error;
    return stateOf(error);
  }
}

/** What other tools do not have: who writes to the repository, and how it cuts. */
async function checkOwnFiles({ repository, signal }: Session, damages: Damages): Promise<void> {
  const writerState = await faultIn(() => readWriter(repository, { signal }));
  if (writerState !== undefined) {
    const remedy = 'run "holdfast repository adopt --force"';
    damages.add({ code: "writer_record_damaged", object: WRITER_FOLDER, state: writerState, remedy });
  }
  const { chunker } = repository.config;
  if (chunker === undefined) return;
  const state = await chunkerFault(repository, chunker, signal);
  if (state !== undefined) {
    damages.add({ code: "chunker_file_damaged", object: CHUNKER_KEY, state, remedy: 'run "holdfast repository repair index"' });
  }
}

/** The file says once more what the config says, should a tool drop it there. */
export async function chunkerFault(
  { store, cipher }: Repository,
  chunker: NonNullable<Config["chunker"]>,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    const stored: unknown = JSON.parse(Buffer.from(cipher.open(await store.get(CHUNKER_KEY, { signal }))).toString());
    return isDeepStrictEqual(stored, chunkerFields(chunker)) ? undefined : "it does not say what the config says";
  } catch (error) {
    if (error instanceof SyntaxError) return "it is not JSON";
    if (!(error instanceof DomainError)) throw error;
    if (error.code === "object_not_found") return "it is not there";
    if (error.kind === "corrupt") return stateOf(error);
    throw error;
  }
}

/** What a message says behind the action that failed. */
function stateOf({ message }: DomainError): string {
  return message.slice(message.lastIndexOf(": ") + 2);
}
