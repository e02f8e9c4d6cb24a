/** The thread that walks the trees and makes folders; it tells the writing threads what to write and the main thread what to fetch. */
import { parentPort, workerData } from "node:worker_threads";
import { DomainError } from "../../base/errors.ts";
import type { HexId } from "../../base/ids.ts";
import { BlobIndex } from "../../repository/index/blob-index.ts";
import { makeFolder } from "../../storage/make-folder.ts";
import { closeHandle, type FolderFd, openFolderAt } from "../folder-handle.ts";
import { AttributeWriter, codeOf } from "./attributes.ts";
import { ContentCheck } from "./content-check.ts";
import { RestoreCounters } from "./counters.ts";
import { RestoreFindings, stopping } from "./findings.ts";
import type { PlannerMessage, PlannerStart } from "./messages.ts";
import type { RestoredEntry } from "./options.ts";
import { RestoreWalk } from "./restore-walk.ts";
import { compileSelection } from "./selection.ts";
import { measureSelected, requireRoom } from "./space.ts";
import { messageOf, treesThrough } from "./tree-port.ts";
import { Trees } from "./trees.ts";
import { VerifyWalk } from "./verify-walk.ts";
import { WriteQueue } from "./write-queue.ts";

const ENTRIES_AT_ONCE = 256;
/** Less what the umask takes away. */
const USUAL_FOLDER_MODE = 0o777;

const start = workerData as PlannerStart;
const stop = new Int32Array(start.stop);
const index = BlobIndex.attach(start.index);
const counters = new RestoreCounters(start.counters, start.counterRow);
const findings = new RestoreFindings((finding) => tell({ kind: "finding", finding }), counters);
const trees = new Trees(treesThrough(start.trees), index, start.masterKey);
const waiting = { count: 0 };
const queue = new WriteQueue({
  index,
  writers: start.writers,
  busyWriters: start.busyWriters,
  waiting,
  fetch: (task, writer, place) => tell({ kind: "fetch", task, writer, place }),
  outcome: {
    damaged: (path, error) => findings.damaged(path, error),
    failedWith: (path, code) => findings.failedWith(path, code),
    missed: (path, shortfalls) => findings.missed(path, shortfalls),
  },
});
let entries: RestoredEntry[] = [];
/** The target, while it is open. */
let root: FolderFd | undefined;

const failure = await outcome();
if (root !== undefined) closeHandle(root);
tell(failure === undefined ? { kind: "done" } : { kind: "failed", error: messageOf(failure.error) });
start.trees.close();
for (const writer of start.writers) writer.close();

async function outcome(): Promise<{ readonly error: unknown } | undefined> {
  try {
    await restore();
    return undefined;
  } catch (error) {
    Atomics.store(stop, 0, 1);
    await queue.abandon(error);
    return { error };
  }
}

async function restore(): Promise<void> {
  const { tree, entry, target, overwrite, sparse, dryRun } = start;
  const selection = compileSelection(start.select);
  const earlier = openTarget(target);
  try {
    const parts = { open: async (id: HexId) => trees.open(id), throwIfStopped };
    const size = await measureSelected(parts, selection, { tree, entry });
    counters.add("totalFiles", size.files);
    counters.add("totalBytes", size.bytes);
    await requireRoom(target, earlier, size, { ...parts, selection, index, sparse, measured: { tree, entry } });
  } finally {
    if (earlier !== undefined) closeHandle(earlier);
  }
  root = dryRun ? openTarget(target) : await makeTarget(target);
  const walk = new RestoreWalk(root, {
    trees,
    index,
    queue,
    findings,
    counters,
    attributes: new AttributeWriter(start.self),
    self: start.self,
    selection,
    overwrite,
    deleteExtra: start.deleteExtra,
    dryRun,
    waiting,
    tell: tellEntry,
    rootNode: start.targetNode === undefined ? undefined : Buffer.from(start.targetNode, "utf8"),
    throwIfStopped,
  });
  await walk.run(tree, entry);
  if (start.verify && !dryRun && root !== undefined) {
    const content = new ContentCheck(index);
    await new VerifyWalk({ trees, content, findings, counters, selection, overwrite, throwIfStopped }).verify(root, tree, entry);
  }
  findings.summarise();
  tellEntries();
}

/** Undefined if there is none. */
function openTarget(path: string): FolderFd | undefined {
  try {
    return openFolderAt(path);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw targetUnusable(path, error);
  }
}

async function makeTarget(path: string): Promise<FolderFd> {
  try {
    await makeFolder(path, USUAL_FOLDER_MODE);
    return openFolderAt(path);
  } catch (error) {
    throw targetUnusable(path, error);
  }
}

function targetUnusable(path: string, error: unknown): unknown {
  const code = codeOf(error);
  if (code === "") return error;
  if (code === "ENOTDIR" || code === "EEXIST") {
    return new DomainError("conflict", "target_no_folder", `Cannot restore into "${path}": it is no folder`, {
      hint: "Name a folder, or a path that is free",
    });
  }
  if (code === "ENOENT") {
    return new DomainError("not-found", "target_missing", `Cannot restore into "${path}": no folder can be made there`);
  }
  const state = code === "EACCES" || code === "EPERM" ? "permission denied" : code;
  return stopping(path, code) ?? new DomainError("forbidden", "target_forbidden", `Cannot restore into "${path}": ${state}`);
}

function throwIfStopped(): void {
  if (Atomics.load(stop, 0) !== 0) throw new DomainError("cancelled", "cancelled", "Cancelled");
}

function tellEntry(action: RestoredEntry["action"], path: () => string): void {
  if (!start.tellEntries) return;
  entries.push({ action, path: path() });
  if (entries.length >= ENTRIES_AT_ONCE) tellEntries();
}

function tellEntries(): void {
  if (entries.length > 0) tell({ kind: "entries", entries });
  entries = [];
}

function tell(message: PlannerMessage): void {
  parentPort?.postMessage(message, []);
}
