/**
 * One restore of an image, on the main thread: proves that the image can be had and the target can take it, then gets parts of packs for
 * threads that write them. What is zeros is not written to a new file, and to a device only where something else is.
 */
import { forEachConcurrent } from "../../base/concurrency.ts";
import { DomainError } from "../../base/errors.ts";
import type { FindingSink } from "../../base/finding.ts";
import type { HexId } from "../../base/ids.ts";
import type { ProgressSink } from "../../base/progress.ts";
import type { BlobIndex } from "../../repository/index/blob-index.ts";
import { keyOfFile } from "../../repository/layout.ts";
import { readerCount } from "../../repository/packing/threads.ts";
import type { Session } from "../../repository/session.ts";
import { ownBytes } from "../../repository/threads/own-memory.ts";
import { CalledThread, ThreadPool } from "../../repository/threads/thread-pool.ts";
import { isDamage, SnapshotTrees } from "../reading/snapshot-trees.ts";
import { type BlobPlace, type BlobRange, blobRanges } from "../restore/blob-ranges.ts";
import { plainLength } from "../restore/plain-length.ts";
import type { ImageCalls, ImageThreadStart, PlacedBlob } from "./image-calls.ts";
import { asTargetError, findTarget, type ImageTarget } from "./image-target.ts";
import { type ImagePart, partCount, partsOf } from "./layout.ts";
import { partDamaged, StoredImage } from "./stored-image.ts";

export interface ImageRestoreOptions {
  /** Of the folder that holds the image. */
  readonly tree: HexId;
  /** A block device, or a file. */
  readonly target: string;
  /** Whether what is there may be lost. */
  readonly mayOverwrite: boolean;
  /** Looks at everything and writes nothing. */
  readonly dryRun: boolean;
  /** Reads everything back and compares it. */
  readonly verify: boolean;
  readonly report: FindingSink;
  readonly progress: ProgressSink;
}

export interface ImageRestoreResult {
  readonly bytes: number;
  readonly parts: number;
}

interface BlobUse extends BlobPlace, PlacedBlob {
  readonly places: number[];
}

/** So much is collected, sealed: the packs that a backup fills at the same time, so that each is read once. */
const WINDOW_BYTES = 32 << 20;
const WINDOW_PLACES = 16_384;
/** Each has a range in work, and the next on its way. */
const RANGES_PER_THREAD = 2;
/** zstd makes nothing but runs of one byte so much shorter, and these are zeros nearly always. */
const ZEROS_RATIO = 1000;

/**
 * An image is restored as a whole or not at all, though what was on a device is lost then: a finding says so.
 *
 * @throws {DomainError} what StoredImage and findTarget() throw, before the target is touched
 * @throws {DomainError} corrupt/image_damaged, unavailable/target_full, unavailable/target_unwritable
 */
export async function restoreImage(session: Session, options: ImageRestoreOptions): Promise<ImageRestoreResult> {
  const { tree, target, mayOverwrite, dryRun, verify, report } = options;
  const image = await StoredImage.open(session, new SnapshotTrees(session), tree);
  const { layout } = image;
  const open = await findTarget(target, { bytes: layout.bytes, filledBytes: await surveyParts(session, image), mayOverwrite });
  const result = { bytes: layout.bytes, parts: partCount(layout) };
  if (dryRun) return result;
  const start: ImageThreadStart = { index: session.index.shared, masterKey: session.repository.masterKey };
  await using threads = new ThreadPool(
    readerCount(),
    () => new CalledThread<ImageCalls>(new URL("image-thread.ts", import.meta.url), start),
  );
  try {
    await using opened = await open();
    try {
      const run = new ImageRestore(session, image, opened, threads, options);
      await run.write();
      if (verify) await run.verify();
      await opened.finish();
    } catch (error) {
      if (!opened.isBlank) report(unfinished(target));
      throw error;
    }
  } catch (error) {
    throw asTargetError(target, error);
  }
  return result;
}

class ImageRestore {
  readonly #session: Session;
  readonly #image: StoredImage;
  readonly #target: ImageTarget;
  readonly #threads: ThreadPool<ImageCalls>;
  readonly #options: ImageRestoreOptions;

  constructor(session: Session, image: StoredImage, target: ImageTarget, threads: ThreadPool<ImageCalls>, options: ImageRestoreOptions) {
    this.#session = session;
    this.#image = image;
    this.#target = target;
    this.#threads = threads;
    this.#options = options;
  }

  async write(): Promise<void> {
    const { index, signal } = this.#session;
    const told = this.#progress("Restoring");
    await forEachConcurrent(this.#ranges(), { limit: RANGES_PER_THREAD * this.#threads.limit, signal }, async (range, ownSignal) => {
      await this.#writeRange(range, ownSignal);
      for (const { entry, places } of range.blobs) told(plainLength(index, entry) * places.length);
    });
  }

  /** @throws {DomainError} unavailable/image_differs */
  async verify(): Promise<void> {
    const { signal } = this.#session;
    const told = this.#progress("Reading back");
    const { target } = this.#options;
    await forEachConcurrent(partsOf(this.#image.layout), { limit: this.#threads.limit, signal }, async (part) => {
      const entries = await this.#image.entriesOf(part);
      if (!(await this.#threads.call("verify", { fd: this.#target.fd, entries, from: part.from }))) {
        const state = `part "${part.name}" reads back as something else: the disk is failing, or somebody else writes to it`;
        throw new DomainError("unavailable", "image_differs", `Cannot restore the image to "${target}": ${state}`);
      }
      told(part.to - part.from);
    });
  }

  /** What is read of packs, in about the order of the disk. */
  async *#ranges(): AsyncGenerator<BlobRange<BlobUse>, void, undefined> {
    const { index } = this.#session;
    let window = new Map<number, BlobUse>();
    let bytes = 0;
    let places = 0;
    for (const part of partsOf(this.#image.layout)) {
      let at = part.from;
      for (const entry of await this.#image.entriesOf(part)) {
        const use = window.getOrInsertComputed(entry, () => {
          bytes += index.lengthOf(entry);
          return useOf(index, entry, []);
        });
        use.places.push(at);
        places++;
        at += plainLength(index, entry);
        if (bytes < WINDOW_BYTES && places < WINDOW_PLACES) continue;
        yield* blobRanges(window.values());
        window = new Map();
        bytes = 0;
        places = 0;
      }
    }
    yield* blobRanges(window.values());
  }

  /** Of a range that cannot be had as it should be, each blob is looked for at all its places. */
  async #writeRange(range: BlobRange<BlobUse>, signal: AbortSignal): Promise<void> {
    const damaged = await this.#tryRange(range, signal);
    for (const [blob, state] of damaged) {
      const use = range.blobs[blob];
      if (use !== undefined) await this.#writeElsewhere(use, state, signal);
    }
  }

  async #writeElsewhere(use: BlobUse, firstState: string, signal: AbortSignal): Promise<void> {
    const { index } = this.#session;
    const id = Uint8Array.fromHex(index.idOf(use.entry));
    let state = firstState;
    for (const entry of index.locations("data", id, 0)) {
      const [range] = blobRanges([useOf(index, entry, use.places)]);
      if (range === undefined) continue;
      const [damage] = await this.#tryRange(range, signal);
      if (damage === undefined) return;
      [, state] = damage;
    }
    throw partDamaged(this.#partAt(use.places[0] ?? 0), state);
  }

  /** Gives the blobs that are damaged. */
  async #tryRange(
    { pack, offset, length, blobs }: BlobRange<BlobUse>,
    signal: AbortSignal,
  ): Promise<readonly (readonly [number, string])[]> {
    const { index, repository } = this.#session;
    const { fd, isBlank } = this.#target;
    let bytes: Uint8Array<ArrayBuffer>;
    try {
      bytes = ownBytes(await repository.store.get(keyOfFile("data", index.packId(pack)), { range: { offset, length }, signal }));
    } catch (error) {
      if (!isDamage(error)) throw error;
      return blobs.map((_, blob) => [blob, error instanceof Error ? error.message : ""]);
    }
    const placed = blobs.map(({ entry, places }) => ({ entry, places }));
    const { damaged, refused } = await this.#threads.call(
      "write",
      { fd, isBlank, bytes, offset, blobs: placed },
      { transfer: [bytes.buffer] },
    );
    if (refused !== undefined) throw asTargetError(this.#options.target, Object.assign(new Error(refused), { code: refused }));
    return damaged;
  }

  #partAt(place: number): ImagePart {
    const part = Array.from(partsOf(this.#image.layout)).find(({ to }) => place < to);
    if (part === undefined) throw new RangeError("Cannot name a part behind the end of the image");
    return part;
  }

  #progress(stage: string): (bytes: number) => void {
    const { bytes: totalBytes } = this.#image.layout;
    let doneBytes = 0;
    return (bytes) => {
      doneBytes += bytes;
      this.#options.progress({ stage, doneBytes, totalBytes, doneItems: 0 });
    };
  }
}

/** Proves that all parts are what they should be, and adds up what is not zeros, about. @throws {DomainError} corrupt/image_damaged */
async function surveyParts({ index, signal }: Session, image: StoredImage): Promise<number> {
  let bytes = 0;
  for (const part of partsOf(image.layout)) {
    signal.throwIfAborted();
    for (const entry of await image.entriesOf(part)) {
      const length = plainLength(index, entry);
      if (length <= index.lengthOf(entry) * ZEROS_RATIO) bytes += length;
    }
  }
  return bytes;
}

function useOf(index: BlobIndex, entry: number, places: number[]): BlobUse {
  return { entry, pack: index.packOf(entry), offset: index.offsetOf(entry), length: index.lengthOf(entry), places };
}

function unfinished(target: string): Parameters<FindingSink>[0] {
  const message = `"${target}" is not as the image is: it holds parts of that, and of what was there before`;
  return { grade: "partial", code: "target_unfinished", object: target, message };
}
