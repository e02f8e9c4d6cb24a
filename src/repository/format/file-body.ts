/**
 * The inside of a sealed file (index, snapshot, lock): JSON as it is, or since version 2 the byte 2 and a zstd frame. Readers tell
 * them apart by the first byte, so files from before a migration stay readable. `config` is always plain JSON.
 */
import { constants, zstdDecompressSync } from "node:zlib";
import { DomainError } from "../../base/errors.ts";
import { primitives } from "../../native/primitives.ts";
import { checkZstdFrame } from "../../native/zstd-frame.ts";
import type { RepositoryVersion } from "./config.ts";

const ZSTD_BODY = 2;
const ZSTD_LEVEL = 3;
/** The first bytes of JSON objects and lists. */
const [BRACE, BRACKET] = Buffer.from("{[");
/** Larger windows than zstd's own default limit, 2^27, are refused. */
const MAX_WINDOW_LOG = 27;

/** Gives what is to be sealed. JSON that does not shrink stays as it is, in version 2 too. */
export function packFileBody(json: Uint8Array, version: RepositoryVersion): Uint8Array {
  if (json[0] !== BRACE && json[0] !== BRACKET) throw new RangeError("Cannot pack a file body: it is no JSON object or list");
  if (version === 1) return json;
  const body = new Uint8Array(json.length);
  const written = primitives().zstdCompressInto(json, body.subarray(1), ZSTD_LEVEL);
  if (written < 0) return json;
  body[0] = ZSTD_BODY;
  return body.slice(0, written + 1);
}

/**
 * Gives the JSON of what was sealed, at most `maxBytes` of it.
 *
 * @throws {DomainError} corrupt/file_body: neither JSON nor a zstd frame, or longer than that
 * @throws {DomainError} corrupt/zstd
 */
export function unpackFileBody(body: Uint8Array, maxBytes: number): Uint8Array {
  if (body[0] === BRACE || body[0] === BRACKET) {
    if (body.length > maxBytes) throw tooLong(maxBytes);
    return body;
  }
  if (body[0] !== ZSTD_BODY) throw badBody(body.length === 0 ? "it is empty" : `it starts with byte ${body[0]}`);
  const frame = body.subarray(1);
  const length = checkZstdFrame(frame);
  if (length === undefined) return unpackUnsized(frame, maxBytes);
  if (length > maxBytes) throw tooLong(maxBytes);
  const json = new Uint8Array(length);
  return json.subarray(0, primitives().zstdDecompressInto(frame, json));
}

/** rustic's frames do not say how long their content is. */
function unpackUnsized(frame: Uint8Array, maxBytes: number): Uint8Array {
  try {
    const params = { [constants.ZSTD_d_windowLogMax]: MAX_WINDOW_LOG };
    return zstdDecompressSync(frame, { maxOutputLength: maxBytes, params });
  } catch (error) {
    if (error instanceof RangeError && "code" in error && error.code === "ERR_BUFFER_TOO_LARGE") throw tooLong(maxBytes);
    throw new DomainError("corrupt", "zstd", "Cannot unpack zstd frame: the frame is damaged", { cause: error });
  }
}

function tooLong(maxBytes: number): DomainError {
  return badBody(`it is longer than ${maxBytes} bytes`);
}

function badBody(state: string): DomainError {
  return new DomainError("corrupt", "file_body", `Cannot unpack a file of the repository: ${state}`);
}
