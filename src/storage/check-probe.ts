/** What the proofs of a store work with, and how they say what they found. */
import type { Clock } from "../base/clock.ts";
import { DomainError } from "../base/errors.ts";
import type { ObjectKey, ObjectStore } from "./object-store.ts";

export interface Probe {
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly signal: AbortSignal | undefined;
  /** For puts: one that is cut off may still arrive, behind the clean-up, so they may go on for a while. */
  readonly putSignal: AbortSignal;
  /** Whether Object Lock is to be proven. */
  readonly lock: boolean;
  readonly prefix: string;
  /** Below the prefix. */
  readonly key: (name: string) => ObjectKey;
}

export interface Proof {
  readonly state: "ok" | "warning" | "not-offered" | "not-tried";
  readonly meaning: string;
}

/** The error of a store that answers, and not as the contract has it. */
export function unfit({ store }: Pick<Probe, "store">, state: string): DomainError {
  return new DomainError("unsupported", "storage_unfit", `Cannot rely on ${store.url}: ${state}`, {
    hint: "Use another storage, or a newer version of its server",
  });
}

export function ok(meaning: string): Proof {
  return { state: "ok", meaning };
}

export function bodyOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

const EXPECTED: ReadonlySet<string> = new Set(["object_exists", "object_locked", "object_not_found", "storage_torn"]);

/** The code of a refusal that the contract knows, undefined for success; all other errors are thrown. */
export async function codeOf(call: Promise<unknown>): Promise<string | undefined> {
  try {
    await call;
    return undefined;
  } catch (error) {
    if (error instanceof DomainError && EXPECTED.has(error.code)) return error.code;
    throw error;
  }
}
