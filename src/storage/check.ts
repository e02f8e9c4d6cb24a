/** Proves that a store keeps its contract, on a few small objects below a random prefix, which are removed again. */
import type { Clock } from "../base/clock.ts";
import { asDomainError, type DomainError } from "../base/errors.ts";
import { UlidSource } from "../base/ids.ts";
import { cleanUp } from "./check-clean-up.ts";
import type { Probe, Proof } from "./check-probe.ts";
import { PROPERTIES, type PropertyName } from "./check-properties.ts";
import { type ObjectStore, parseObjectKey } from "./object-store.ts";

export interface StoreCheckOptions {
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
  /** Also proves Object Lock. That takes ten seconds: a locked object is waited for. */
  readonly lock?: boolean | undefined;
}

export interface PropertyResult {
  readonly property: PropertyName | "cleanup";
  /**
   * `warning`: works, but a person should know. `not-offered`: the store does without, and so must Holdfast. `not-tried`: not asked for, or
   * what it needs has failed.
   */
  readonly state: Proof["state"] | "failed";
  /** What was found, and what that means. */
  readonly meaning: string;
  readonly error?: DomainError;
}

export interface StoreCheck {
  readonly url: string;
  readonly properties: readonly PropertyResult[];
  /** Of the first failure: what a command ends with that needs this store. */
  readonly error: DomainError | undefined;
}

/** After a check was cancelled, a put may take so much longer. */
const PUT_GRACE_MS = 5_000;

/** Never throws for what is wrong with the store, only the reason of the signal. */
export async function checkStore(store: ObjectStore, { clock, signal, lock = false }: StoreCheckOptions): Promise<StoreCheck> {
  const prefix = `holdfast-check-${new UlidSource(clock).next()}-`;
  using puts = new LateSignal(signal, clock);
  const key: Probe["key"] = (name) => parseObjectKey(`${prefix}${name}`);
  const probe: Probe = { store, clock, signal, putSignal: puts.signal, lock, prefix, key };
  const properties: PropertyResult[] = [];
  try {
    let isUsable = true;
    for (const { name, isBasic, prove } of PROPERTIES) {
      const result: PropertyResult = isUsable ? await attempt(name, () => prove(probe)) : { property: name, ...UNUSABLE };
      signal?.throwIfAborted();
      if (isBasic && result.state === "failed") isUsable = false;
      properties.push(result);
    }
  } finally {
    const isReachable = properties.some(({ property, state }) => property === "reachable" && state === "ok");
    properties.push(isReachable ? await attempt("cleanup", () => cleanUp(probe)) : { property: "cleanup", ...UNUSABLE });
  }
  return { url: store.url, properties, error: properties.find(({ error }) => error !== undefined)?.error };
}

/** Follows a signal after a while. */
class LateSignal implements Disposable {
  readonly #late = new AbortController();
  readonly #done = new AbortController();

  constructor(signal: AbortSignal | undefined, clock: Clock) {
    const follow = (): void => {
      clock.sleep(PUT_GRACE_MS, this.#done.signal).then(
        () => this.#late.abort(signal?.reason),
        () => undefined,
      );
    };
    signal?.addEventListener("abort", follow, { once: true, signal: this.#done.signal });
  }

  get signal(): AbortSignal {
    return this.#late.signal;
  }

  [Symbol.dispose](): void {
    this.#done.abort();
  }
}

const UNUSABLE = { state: "not-tried", meaning: "What it needs has failed" } as const;

async function attempt(property: PropertyResult["property"], prove: () => Promise<Proof>): Promise<PropertyResult> {
  try {
    return { property, ...(await prove()) };
  } catch (thrown) {
    const error = asDomainError(thrown);
    return { property, state: "failed", meaning: error.message, error };
  }
}
