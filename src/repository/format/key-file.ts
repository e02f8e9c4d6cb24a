/**
 * Key files: the repository's one master key, sealed with a key that scrypt makes of a password. Plain JSON in `keys/`, named by its
 * hash. A repository may have several, one for each password.
 */
import { randomBytes, scrypt, type ScryptOptions } from "node:crypto";
import { promisify } from "node:util";
import { DomainError } from "../../base/errors.ts";
import type { RandomBytes } from "../../base/ids.ts";
import { Cipher, type MasterKey, SEAL_OVERHEAD } from "./cipher.ts";
import { encodeJson, JsonObject } from "./json-object.ts";
import { REPOSITORY_LIMITS } from "./limits.ts";
import { type Timestamp, timestampAt } from "./timestamp.ts";

/** Memory is 128·N·r bytes, time grows with N·r·p. */
export interface ScryptParameters {
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

export interface KeyFile {
  /** rustic does not say. */
  readonly created: Timestamp | undefined;
  readonly username: string;
  readonly hostname: string;
  readonly scrypt: ScryptParameters;
  readonly salt: Uint8Array;
  /** The master key, sealed. */
  readonly data: Uint8Array;
}

export interface KeyFileOptions {
  readonly parameters: ScryptParameters;
  readonly username: string;
  readonly hostname: string;
  readonly createdMs: number;
  readonly random?: RandomBytes;
}

/** For passwords of 256 random bits, which no guessing reaches: restic's usual N and r, gone through once. 32 MiB, 0.1 s. */
export const RANDOM_PASSWORD_PARAMETERS: ScryptParameters = { N: 2 ** 15, r: 8, p: 1 };
/**
 * For passwords of people. restic takes N = 2^15 and the p that makes half a second, 6 on the machines of today; this is as much work
 * in twice the memory. 64 MiB, 0.5 s.
 */
export const CHOSEN_PASSWORD_PARAMETERS: ScryptParameters = { N: 2 ** 16, r: 8, p: 3 };

/** restic refuses salts of other lengths. */
const SALT_BYTES = 64;
const ENCRYPTION_KEY_BYTES = 32;
const MAC_KEY_BYTES = 16;
const MASTER_KEY_BYTES = ENCRYPTION_KEY_BYTES + 2 * MAC_KEY_BYTES;

/**
 * A key file that cannot be used says nothing about the others: it is to be reported, and the next one tried. (restic stops there.)
 *
 * @throws {DomainError} unsupported/key_file_kdf: the password goes through another function than scrypt
 * @throws {DomainError} corrupt/key_file: not a key file, or one that asks for more time or memory than REPOSITORY_LIMITS allows
 */
export function parseKeyFile(bytes: Uint8Array): KeyFile {
  if (bytes.length > REPOSITORY_LIMITS.keyFileBytes) {
    throw new DomainError("corrupt", "key_file", `Cannot read key file: it is longer than ${REPOSITORY_LIMITS.keyFileBytes} bytes`);
  }
  const fields = JsonObject.parse(bytes, "key file");
  const kdf = fields.text("kdf");
  if (kdf !== "" && kdf !== "scrypt") {
    throw new DomainError("unsupported", "key_file_kdf", "Cannot use key file: it wants another key derivation than scrypt", {
      details: { kdf: kdf.slice(0, 100) },
    });
  }
  if (kdf === "") throw fields.fault('field "kdf" is missing');
  const parameters = { N: fields.count("N"), r: fields.count("r"), p: fields.count("p") };
  const fault = parametersFault(parameters);
  if (fault !== undefined) throw fields.fault(fault);
  const [salt, data] = [fields.base64("salt"), fields.base64("data")];
  if (salt.length !== SALT_BYTES) throw fields.fault(`its salt has ${salt.length} bytes, not ${SALT_BYTES}`);
  if (data.length <= SEAL_OVERHEAD) throw fields.fault("its sealed key is cut short");
  const [username, hostname] = [fields.text("username"), fields.text("hostname")];
  return { created: fields.time("created"), username, hostname, scrypt: parameters, salt, data };
}

/**
 * Gives the master key, or undefined if the file is for another password. Takes the time and memory that its parameters ask for, on
 * another thread; it cannot be interrupted.
 *
 * @throws {DomainError} corrupt/key_file: the password is right, but what it opens is no master key
 */
export async function unlockKeyFile(file: KeyFile, password: string): Promise<MasterKey | undefined> {
  const cipher = new Cipher(await deriveKey(password, file.salt, file.scrypt));
  const json = openWith(cipher, file.data);
  return json && parseMasterKey(json);
}

/** Gives the bytes of a new key file, whose name is to be their SHA-256 in hex. */
export async function createKeyFile(masterKey: MasterKey, password: string, options: KeyFileOptions): Promise<Uint8Array> {
  const { parameters, username, hostname, createdMs, random = randomBytes } = options;
  const fault = parametersFault(parameters);
  if (fault !== undefined) throw new RangeError(`Cannot create key file: ${fault}`);
  const salt = random(SALT_BYTES);
  const cipher = new Cipher(await deriveKey(password, salt, parameters));
  const data = cipher.seal(serializeMasterKey(masterKey));
  return encodeJson({
    created: timestampAt(createdMs).text,
    username,
    hostname,
    kdf: "scrypt",
    ...parameters,
    salt: salt.toBase64(),
    data: data.toBase64(),
  });
}

export function randomMasterKey(random: RandomBytes = randomBytes): MasterKey {
  return masterKeyOf(random(MASTER_KEY_BYTES));
}

function parametersFault({ N, r, p }: ScryptParameters): string | undefined {
  const { scryptBytes, scryptRounds } = REPOSITORY_LIMITS;
  const isPowerOfTwo = N > 1 && Number.isSafeInteger(N) && Number.isInteger(Math.log2(N));
  if (!isPowerOfTwo || r < 1 || p < 1 || N >= 2 ** (16 * r)) return "its scrypt parameters are not ones that scrypt can have";
  if (p > scryptRounds) return `its scrypt parameter p is more than ${scryptRounds}`;
  if (128 * r * Math.max(N, p) > scryptBytes) return `its scrypt parameters ask for more than ${scryptBytes} bytes of memory`;
  return undefined;
}

const scryptAsync: (password: string, salt: Uint8Array, length: number, options: ScryptOptions) => Promise<Buffer> = promisify(scrypt);

async function deriveKey(password: string, salt: Uint8Array, { N, r, p }: ScryptParameters): Promise<MasterKey> {
  // What OpenSSL allocates, to the byte.
  const maxmem = 128 * r * (N + p + 2);
  return masterKeyOf(await scryptAsync(password, salt, MASTER_KEY_BYTES, { N, r, p, maxmem }));
}

/** Of 64 bytes. */
export function masterKeyOf(bytes: Uint8Array): MasterKey {
  const part = (from: number, length: number): Uint8Array => Uint8Array.from(bytes.subarray(from, from + length));
  const macAt = ENCRYPTION_KEY_BYTES;
  return { encryption: part(0, macAt), macK: part(macAt, MAC_KEY_BYTES), macR: part(macAt + MAC_KEY_BYTES, MAC_KEY_BYTES) };
}

/** undefined if another key sealed it. */
function openWith(cipher: Cipher, sealed: Uint8Array): Uint8Array | undefined {
  try {
    return cipher.open(sealed);
  } catch (error) {
    if (error instanceof DomainError && error.code === "unauthentic") return undefined;
    throw error;
  }
}

function parseMasterKey(json: Uint8Array): MasterKey {
  const fields = JsonObject.parse(json, "key file");
  const mac = fields.requiredObject("mac");
  const key = { encryption: fields.base64("encrypt"), macK: mac.base64("k"), macR: mac.base64("r") };
  for (const [part, length] of [
    [key.encryption, ENCRYPTION_KEY_BYTES],
    [key.macK, MAC_KEY_BYTES],
    [key.macR, MAC_KEY_BYTES],
  ] as const) {
    if (part.length !== length || part.every((byte) => byte === 0)) throw fields.fault("what it holds is no master key");
  }
  return key;
}

function serializeMasterKey({ encryption, macK, macR }: MasterKey): Uint8Array {
  return encodeJson({ mac: { k: macK.toBase64(), r: macR.toBase64() }, encrypt: encryption.toBase64() });
}
