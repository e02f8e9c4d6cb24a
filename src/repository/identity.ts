/**
 * Who a repository is, in a small plain object beside restic's files: the random salt that turns a location's key into this repository's
 * password, and the repository's id, which is the salt's hash, so that a flipped digit of either shows. Neither is secret.
 */
import { createHash } from "node:crypto";
import { type RandomBytes, randomHexId, type HexId } from "../base/ids.ts";
import { DomainError } from "../base/errors.ts";
import type { CallOptions, ObjectStore } from "../storage/object-store.ts";
import { IDENTITY_KEY } from "./layout.ts";
import { putSpare, putWithSpare } from "./spares.ts";

export interface RepositoryIdentity {
  /** SHA-256 of the salt. */
  readonly id: HexId;
  /** 32 bytes. */
  readonly salt: Uint8Array;
}

const FORMAT = "holdfast-repository";
const VERSION = 1;
/** What is longer was not written by us. */
const MAX_BYTES = 4096;
const HEX_ID_FORM = /^[0-9a-f]{64}$/;

export function newIdentity(random?: RandomBytes): RepositoryIdentity {
  const salt = Uint8Array.fromHex(randomHexId(random));
  return { id: idOf(salt), salt };
}

/** undefined: there is none, as in a repository that restic made. */
export async function readIdentity(store: ObjectStore, options?: CallOptions): Promise<RepositoryIdentity | undefined> {
  try {
    return parseIdentity(await store.get(IDENTITY_KEY, { ...options, maxBytes: MAX_BYTES }), store.url);
  } catch (error) {
    if (error instanceof DomainError && error.code === "object_not_found") return undefined;
    if (error instanceof DomainError && error.code === "storage_too_long") throw unreadable(store.url, "it is too long");
    throw error;
  }
}

/** Writes it unless there is one already, and gives the one that is there then, which has a spare then. */
export async function writeIdentity(
  store: ObjectStore,
  identity: RepositoryIdentity,
  options: CallOptions = {},
): Promise<RepositoryIdentity> {
  const json = JSON.stringify({ format: FORMAT, version: VERSION, id: identity.id, salt: identity.salt.toHex() });
  try {
    await putWithSpare(store, IDENTITY_KEY, Buffer.from(`${json}\n`), { ...options, ifAbsent: true });
    return identity;
  } catch (error) {
    if (!(error instanceof DomainError) || error.code !== "object_exists") throw error;
    const bytes = await store.get(IDENTITY_KEY, { ...options, maxBytes: MAX_BYTES });
    const first = parseIdentity(bytes, store.url);
    await putSpare(store, IDENTITY_KEY, bytes, options);
    return first;
  }
}

/** @throws {DomainError} corrupt/repository_identity, unsupported/repository_identity_version */
export function parseIdentity(bytes: Uint8Array, url: string): RepositoryIdentity {
  if (bytes.length > MAX_BYTES) throw unreadable(url, `it has ${bytes.length} bytes`);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw unreadable(url, "it is not JSON", cause);
  }
  const { format, version, id, salt } = (typeof value === "object" && value !== null ? value : {}) as Record<string, unknown>;
  if (format !== FORMAT) throw unreadable(url, "it is something else");
  if (version !== VERSION) {
    throw new DomainError(
      "unsupported",
      "repository_identity_version",
      `Cannot read "${IDENTITY_KEY}" in "${url}": it has a newer version`,
      {
        hint: "Use a newer Holdfast",
      },
    );
  }
  if (!isHexId(id) || !isHexId(salt)) throw unreadable(url, "a field is missing, or not 64 hex digits");
  const identity = { id, salt: Uint8Array.fromHex(salt) };
  if (idOf(identity.salt) !== id) throw unreadable(url, "its id is not the hash of its salt");
  return identity;
}

function idOf(salt: Uint8Array): HexId {
  return createHash("sha256").update(salt).digest().toHex() as HexId;
}

function unreadable(url: string, state: string, cause?: unknown): DomainError {
  return new DomainError("corrupt", "repository_identity", `Cannot read "${IDENTITY_KEY}" in "${url}": ${state}`, {
    cause,
    hint: "Open the repository with its own password instead of the location's key",
  });
}

function isHexId(value: unknown): value is HexId {
  return typeof value === "string" && HEX_ID_FORM.test(value);
}
