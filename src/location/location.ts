/**
 * A location: a bucket or folder with one random key, and in it a repository for each unit that is protected there. What says which
 * repositories there are is sealed with a key that follows from the location's: who has the bucket's credentials alone can neither read nor
 * change it.
 */
import { randomBytes } from "node:crypto";
import { DomainError } from "../base/errors.ts";
import type { Finding } from "../base/finding.ts";
import { type HexId, type RandomBytes, randomHexId } from "../base/ids.ts";
import { Cipher } from "../repository/format/cipher.ts";
import { encodeJson, JsonObject } from "../repository/format/json-object.ts";
import { masterKeyOf } from "../repository/format/key-file.ts";
import { deriveRecordsKey } from "../repository/format/password.ts";
import type { LocationSecret, RepositorySecret } from "../repository/secret.ts";
import { type CallOptions, type ObjectKey, type ObjectStore, parseObjectKey } from "../storage/object-store.ts";

export interface Location {
  readonly store: ObjectStore;
  readonly id: HexId;
  readonly secret: LocationSecret;
  /** Of the records. */
  readonly cipher: Cipher;
  /** What was odd when it was opened. */
  readonly findings: readonly Finding[];
}

/** Holds everything that belongs to no unit. Folders of clusters never have that name. */
export const LOCATION_FOLDER = "holdfast-location";
const LOCATION_FILE: ObjectKey = parseObjectKey(`${LOCATION_FOLDER}/location.json`);
const LOCATION_SPARE: ObjectKey = parseObjectKey(`${LOCATION_FOLDER}/location.spare.json`);
const FORMAT = "holdfast-location";
const VERSION = 1;
const MAX_BYTES = 4096;

export interface InitLocationOptions extends CallOptions {
  readonly secret: LocationSecret;
  readonly random?: RandomBytes;
}

/**
 * Nothing is there before it returns but what a second call with the same key goes on from.
 *
 * @throws {DomainError} conflict/location_exists
 */
export async function initLocation(store: ObjectStore, { secret, random = randomBytes, signal }: InitLocationOptions): Promise<Location> {
  const id = randomHexId(random);
  const salt = random(32);
  const cipher = cipherOf(secret, salt);
  const proof = cipher.seal(Buffer.from(id)).toBase64();
  const json = encodeJson({ format: FORMAT, version: VERSION, id, salt: salt.toHex(), proof });
  try {
    await store.put(LOCATION_FILE, json, { ifAbsent: true, signal });
  } catch (error) {
    if (!(error instanceof DomainError) || error.code !== "object_exists") throw error;
    throw new DomainError("conflict", "location_exists", `Cannot make a location in "${store.url}": there is one already`, {
      hint: "Use it with its key, or give another address",
    });
  }
  await store.put(LOCATION_SPARE, json, { signal });
  return { store, id, secret, cipher, findings: [] };
}

/**
 * @throws {DomainError} not-found/location_not_found
 * @throws {DomainError} unauthenticated/wrong_repository_key
 * @throws {DomainError} usage/location_key_needed: a password opens single repositories only
 * @throws {DomainError} corrupt/location: neither the file nor its spare can be used
 */
export async function openLocation(store: ObjectStore, secret: RepositorySecret, options: CallOptions = {}): Promise<Location> {
  if (secret.kind !== "location-key") {
    throw new DomainError("usage", "location_key_needed", `Cannot open location "${store.url}" with a password: a location has a key`, {
      hint: 'Give the key that "holdfast location init" made',
    });
  }
  let failure: DomainError | undefined;
  let isThere = false;
  for (const key of [LOCATION_FILE, LOCATION_SPARE]) {
    try {
      const location = openFile(await store.get(key, { ...options, maxBytes: MAX_BYTES }), store, secret);
      return key === LOCATION_FILE ? location : { ...location, findings: [spareUsed(isThere)] };
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      const isMissing = error.code === "object_not_found";
      if (!isMissing && error.kind !== "corrupt" && error.kind !== "unauthenticated") throw error;
      isThere ||= !isMissing;
      if (!isMissing) failure ??= error;
    }
  }
  throw failure ?? notFound(store);
}

function openFile(bytes: Uint8Array, store: ObjectStore, secret: LocationSecret): Location {
  const fields = JsonObject.parse(bytes, "location");
  if (fields.text("format") !== FORMAT) throw fields.fault("it is something else");
  if (fields.count("version") !== VERSION) {
    throw new DomainError("unsupported", "location_version", `Cannot open location "${store.url}": a newer version made it`, {
      hint: "Use a newer Holdfast",
    });
  }
  const id = fields.requiredId("id");
  const cipher = cipherOf(secret, Uint8Array.fromHex(fields.requiredId("salt")));
  let proven: string;
  try {
    proven = Buffer.from(cipher.open(fields.base64("proof"))).toString();
  } catch (error) {
    if (!(error instanceof DomainError) || error.code !== "unauthentic") throw error;
    throw new DomainError("unauthenticated", "wrong_repository_key", `Cannot open location "${store.url}": this is not its key`, {
      hint: "Check which location the key was made for",
    });
  }
  if (proven !== id) throw fields.fault("its id was changed");
  return { store, id, secret, cipher, findings: [] };
}

function cipherOf({ key }: LocationSecret, salt: Uint8Array): Cipher {
  return new Cipher(masterKeyOf(deriveRecordsKey(key, salt)));
}

function spareUsed(isDamaged: boolean): Finding {
  const state = isDamaged ? "is damaged" : "is lost";
  const message = `Cannot use "${LOCATION_FILE}": it ${state}, and "${LOCATION_SPARE}" was used instead; copy that over it`;
  return { grade: "info", code: "spare_used", object: LOCATION_FILE, message };
}

function notFound(store: ObjectStore): DomainError {
  return new DomainError("not-found", "location_not_found", `Cannot open location "${store.url}": there is none`, {
    hint: 'Make one with "holdfast location init", or check the address',
  });
}
