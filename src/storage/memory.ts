/** A store in memory, for tests and for what is thrown away; with versions and Object Lock if wanted. */
import type { Clock } from "../base/clock.ts";
import type {
  GetOptions,
  ListOptions,
  ObjectKey,
  ObjectLocking,
  ObjectStore,
  ObjectVersions,
  PutOptions,
  VersionId,
  VersionInfo,
} from "./object-store.ts";
import { compareKeys } from "./order.ts";
import { objectExists, objectLocked, objectNotFound, objectTooLong, objectTorn } from "./refusals.ts";

export interface MemoryStoreOptions {
  readonly clock: Clock;
  /** Keep what is replaced and hidden. */
  readonly versioned?: boolean;
}

interface Version {
  readonly id: VersionId;
  readonly modifiedMs: number;
  /** Undefined for a delete marker. */
  readonly body: Uint8Array | undefined;
  retainedUntilMs: number | undefined;
  legalHold: boolean;
}

const URL = "memory:";

export class MemoryStore implements ObjectStore {
  readonly url: string = URL;
  readonly versions: ObjectVersions | undefined;
  readonly locking: ObjectLocking | undefined;
  readonly #clock: Clock;
  readonly #versioned: boolean;
  /** Newest version first. */
  readonly #objects = new Map<ObjectKey, Version[]>();
  #lastVersion = 0;

  constructor({ clock, versioned = false }: MemoryStoreOptions) {
    this.#clock = clock;
    this.#versioned = versioned;
    this.versions = versioned ? this.#makeVersions() : undefined;
    this.locking = versioned ? this.#makeLocking() : undefined;
  }

  async put(key: ObjectKey, body: Uint8Array, { signal, ifAbsent = false, retainUntilMs }: PutOptions = {}): Promise<void> {
    signal?.throwIfAborted();
    if (ifAbsent && this.#latest(key)?.body !== undefined) throw objectExists(URL, key);
    this.#add(key, Uint8Array.from(body), retainUntilMs);
  }

  async get(key: ObjectKey, options: GetOptions = {}): Promise<Uint8Array> {
    options.signal?.throwIfAborted();
    return read(key, this.#latest(key), options);
  }

  async info(key: ObjectKey): Promise<VersionInfo> {
    const latest = this.#latest(key);
    if (latest?.body === undefined) throw objectNotFound(URL, key);
    return describe(key, latest, true);
  }

  async *list(prefix: string, { after }: ListOptions = {}): AsyncGenerator<VersionInfo, void, undefined> {
    for (const key of this.#keys(prefix, after)) {
      const latest = this.#latest(key);
      if (latest?.body !== undefined) yield describe(key, latest, true);
    }
  }

  async delete(key: ObjectKey): Promise<void> {
    if (!this.#versioned) this.#objects.delete(key);
    else if (this.#latest(key)?.body !== undefined) this.#add(key, undefined, undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#objects.clear();
  }

  #latest(key: ObjectKey): Version | undefined {
    return this.#objects.get(key)?.[0];
  }

  #keys(prefix: string, after: ObjectKey | undefined): ObjectKey[] {
    const isWanted = (key: ObjectKey): boolean => key.startsWith(prefix) && (after === undefined || compareKeys(key, after) > 0);
    return [...this.#objects.keys()].filter(isWanted).toSorted(compareKeys);
  }

  #add(key: ObjectKey, body: Uint8Array | undefined, retainedUntilMs: number | undefined): void {
    const id = String(++this.#lastVersion) as VersionId;
    const version: Version = { id, modifiedMs: this.#clock.now(), body, retainedUntilMs, legalHold: false };
    this.#objects.set(key, [version, ...(this.#versioned ? (this.#objects.get(key) ?? []) : [])]);
  }

  #find(key: ObjectKey, version: VersionId | undefined): Version {
    const found = version === undefined ? this.#latest(key) : this.#objects.get(key)?.find(({ id }) => id === version);
    if (found === undefined) throw objectNotFound(URL, key);
    return found;
  }

  #makeVersions(): ObjectVersions {
    const objects = this.#objects;
    const keys = (prefix: string, after: ObjectKey | undefined): ObjectKey[] => this.#keys(prefix, after);
    return {
      async *list(prefix, { after } = {}) {
        for (const key of keys(prefix, after))
          for (const [at, version] of (objects.get(key) ?? []).entries()) yield describe(key, version, at === 0);
      },
      get: async (key, version, options = {}) => read(key, this.#find(key, version), options),
      delete: async (key, version) => {
        const all = objects.get(key) ?? [];
        const gone = all.find(({ id }) => id === version);
        if (gone === undefined) return;
        if ((gone.retainedUntilMs ?? 0) > this.#clock.now()) throw objectLocked(URL, key, "its retention has not ended");
        if (gone.legalHold) throw objectLocked(URL, key, "it is under legal hold");
        const left = all.filter((candidate) => candidate !== gone);
        if (left.length === 0) objects.delete(key);
        else objects.set(key, left);
      },
    };
  }

  #makeLocking(): ObjectLocking {
    return {
      retainedUntilMs: async (key, version) => this.#find(key, version).retainedUntilMs,
      retainUntil: async (key, untilMs, version) => {
        const found = this.#find(key, version);
        if (untilMs < (found.retainedUntilMs ?? 0)) throw objectLocked(URL, key, "its retention can only become longer");
        found.retainedUntilMs = untilMs;
      },
      hasLegalHold: async (key, version) => this.#find(key, version).legalHold,
      setLegalHold: async (key, on, version) => {
        this.#find(key, version).legalHold = on;
      },
    };
  }
}

function describe(key: ObjectKey, { id, modifiedMs, body }: Version, isLatest: boolean): VersionInfo {
  return { key, version: id, modifiedMs, sizeBytes: body?.length ?? 0, isLatest, isDeleteMarker: body === undefined };
}

function read(key: ObjectKey, version: Version | undefined, { range, maxBytes = Infinity }: GetOptions): Uint8Array {
  if (version?.body === undefined) throw objectNotFound(URL, key);
  const { body } = version;
  if (body.length > maxBytes) throw objectTooLong(URL, key, maxBytes);
  if (range === undefined) return Uint8Array.from(body);
  if (range.offset + range.length > body.length) throw objectTorn(URL, key, range, body.length);
  return body.slice(range.offset, range.offset + range.length);
}
