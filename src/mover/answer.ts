/** The message that a mover ends with. It is cut where Kubernetes would cut it, so that what is left can still be read. */
import { DomainError, asDomainError, ERROR_KINDS, type ErrorKind } from "../base/errors.ts";
import { parseHexId } from "../base/ids.ts";
import { isJsonObject, type JsonObject, type JsonValue, parseJson, textIn } from "../kube/json.ts";
import { wordsOf } from "../kube/failures.ts";
import type { MoverAnswer, MoverError, MoverSuccess } from "./work.ts";

/** Kubernetes: "Termination message … limited to 4096 bytes". */
export const MAX_ANSWER_BYTES = 4096;

/** @throws {RangeError} a success that is too long: nothing of it may be left out */
export function encodeAnswer(answer: MoverAnswer): string {
  const whole = JSON.stringify(answer);
  if (Buffer.byteLength(whole) <= MAX_ANSWER_BYTES) return whole;
  if (!("error" in answer)) throw new RangeError(`Cannot answer: ${Buffer.byteLength(whole)} bytes are too many`);
  const { kind, code, message, hint } = answer.error;
  for (let length = MAX_ANSWER_BYTES / 2; ; length = Math.floor(length / 2)) {
    const short = { kind, code, message: cut(message, length), ...(hint === undefined ? {} : { hint: cut(hint, length) }) };
    const text = JSON.stringify({ error: short });
    if (Buffer.byteLength(text) <= MAX_ANSWER_BYTES) return text;
  }
}

export function moverError(error: unknown): MoverError {
  const { kind, code, message, hint } = asDomainError(error);
  return { kind, code, message, ...(hint === undefined ? {} : { hint }) };
}

/** What stands in the status of a pod, where others may write, too. undefined: it is no answer. */
export function parseAnswer(text: string): MoverSuccess | DomainError | undefined {
  let value: JsonValue;
  try {
    value = parseJson(text);
  } catch {
    return undefined;
  }
  if (!isJsonObject(value)) return undefined;
  const { error } = value;
  return isJsonObject(error) ? errorOf(error) : successOf(value);
}

function errorOf(error: JsonObject): DomainError {
  const [code, message, hint] = ["code", "message", "hint"].map((name) => textIn(error, name));
  const options = hint === undefined ? {} : { hint: wordsOf(hint) };
  return new DomainError(kindOf(textIn(error, "kind")), code ?? "internal", wordsOf(message ?? ""), options);
}

function successOf(value: JsonObject): MoverSuccess | undefined {
  const [files, bytes, storedBytes, tookMs, findings] = ["files", "bytes", "storedBytes", "tookMs", "findings"].map((name) =>
    countOf(value[name]),
  );
  if (files === undefined || bytes === undefined || storedBytes === undefined || tookMs === undefined || findings === undefined) {
    return undefined;
  }
  const [tree, root] = [textIn(value, "tree"), textIn(value, "root")];
  try {
    return {
      ...(tree === undefined ? {} : { tree: parseHexId(tree) }),
      ...(root === undefined ? {} : { root }),
      files,
      bytes,
      storedBytes,
      tookMs,
      findings,
    };
  } catch (error) {
    if (error instanceof DomainError) return undefined;
    throw error;
  }
}

function kindOf(text: string | undefined): ErrorKind {
  return text !== undefined && Object.hasOwn(ERROR_KINDS, text) ? (text as ErrorKind) : "internal";
}

function countOf(value: JsonValue | undefined): number | undefined {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

/** Between characters. */
function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length).toWellFormed()}…`;
}
