/**
 * The Lease that says that a run lives. Its times are the server's: clocks of the machines that runs are started on may be wrong, and a
 * run must never be taken for dead because of that.
 */
import { hostname } from "node:os";
import { type Clock, isoTime } from "../base/clock.ts";
import { Deadline } from "../base/deadline.ts";
import { asDomainError, DomainError, type ErrorKind } from "../base/errors.ts";
import type { Ulid } from "../base/ids.ts";
import { type JsonObject, objectIn, textIn } from "../kube/json.ts";
import type { KubeApi } from "../kube/kube-api.ts";
import { createObject, deleteObject, patchObject } from "../kube/objects.ts";
import { parseTimestamp } from "../repository/format/timestamp.ts";
import { LEASES } from "./kinds.ts";
import { FIELD_MANAGER } from "./marks.ts";

const RENEW_EVERY_MS = 10_000;
const DURATION_SECONDS = 60;
/** Others wait longer than a run itself before it counts as dead: it stops before somebody cleans up behind it. */
const LOST_AFTER_MS = 120_000;
/** Beyond its duration. */
export const DEAD_MARGIN_MS = 120_000;
const CALL_LIMIT_MS = 30_000;
const CLOSE_LIMIT_MS = 10_000;
/** The server could say, and does not. */
const WILL_NOT_SAY: ReadonlySet<ErrorKind> = new Set(["conflict", "forbidden", "not-found", "unsupported", "usage"]);
/** The server tells whole seconds. */
const HALF_SECOND_MS = 500;

export interface LeaseOptions {
  readonly namespace: string;
  readonly id: Ulid;
  /** Labels and annotations. */
  readonly metadata: JsonObject;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

export class RunLease implements AsyncDisposable {
  readonly uid: string;
  readonly #api: KubeApi;
  readonly #options: LeaseOptions;
  readonly #holder: string;
  readonly #offsetMs: number;
  readonly #lost = new AbortController();
  readonly #closed = new AbortController();
  readonly #renewing: Promise<void>;

  private constructor(
    api: KubeApi,
    options: LeaseOptions,
    made: { readonly uid: string; readonly holder: string; readonly offsetMs: number },
  ) {
    this.#api = api;
    this.#options = options;
    this.uid = made.uid;
    this.#holder = made.holder;
    this.#offsetMs = made.offsetMs;
    this.#renewing = this.#renew();
  }

  /** @param offsetMs as serverOffset() gives it */
  static async take(api: KubeApi, offsetMs: number, options: LeaseOptions): Promise<RunLease> {
    const { namespace, id, clock, signal } = options;
    const holder = `${hostname()}/${id}`;
    const now = microTime(clock.now() + offsetMs);
    const spec = { holderIdentity: holder, leaseDurationSeconds: DURATION_SECONDS, acquireTime: now, renewTime: now };
    const lease = { ...leaseObject(leaseName(id), options.metadata), spec };
    const made = await createObject(api, LEASES, lease, { namespace, fieldManager: FIELD_MANAGER, signal });
    const uid = textIn(objectIn(made, "metadata"), "uid");
    if (uid === undefined) throw new DomainError("unavailable", "kube_unavailable", "Cannot begin a run: its Lease has no uid");
    return new RunLease(api, options, { uid, holder, offsetMs });
  }

  get name(): string {
    return leaseName(this.#options.id);
  }

  /** Aborts with conflict/run_lost or unavailable/run_lost when the run may count as dead. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** What it owns goes with it. @throws {DomainError} it stays, and counts as dead soon */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort();
    await this.#renewing;
    const { clock, namespace } = this.#options;
    using deadline = new Deadline(clock, CLOSE_LIMIT_MS);
    const options = { propagation: "Background", preconditions: { uid: this.uid }, signal: deadline.signal } as const;
    try {
      await deleteObject(this.#api, LEASES, { namespace, name: this.name }, options);
    } catch (error) {
      if (!isLost(error)) throw error;
    }
  }

  async #renew(): Promise<void> {
    const { clock } = this.#options;
    const closed = this.#closed.signal;
    let lastMs = clock.monotonicMs();
    while (true) {
      try {
        await clock.sleep(RENEW_EVERY_MS, closed);
        await this.#renewOnce();
        lastMs = clock.monotonicMs();
      } catch (error) {
        if (closed.aborted) return;
        if (isLost(error)) {
          this.#lose(new DomainError("conflict", "run_lost", `Cannot go on: ${lostState(error)}`, { cause: error, hint: "Run it again" }));
          return;
        }
        if (clock.monotonicMs() - lastMs < LOST_AFTER_MS) continue;
        const message = `Cannot go on: the cluster could not be told for ${LOST_AFTER_MS / 1000} s that this run lives`;
        this.#lose(new DomainError("unavailable", "run_lost", message, { cause: error, hint: "Run it again when the cluster answers" }));
        return;
      }
    }
  }

  async #renewOnce(): Promise<void> {
    const { clock, namespace } = this.#options;
    using deadline = new Deadline(clock, CALL_LIMIT_MS);
    const changes = { metadata: { uid: this.uid }, spec: { renewTime: microTime(clock.now() + this.#offsetMs) } };
    const lease = await patchObject(
      this.#api,
      LEASES,
      { namespace, name: this.name },
      { type: "merge", changes },
      { fieldManager: FIELD_MANAGER, signal: AbortSignal.any([deadline.signal, this.#closed.signal]) },
    );
    const isTaken = textIn(objectIn(lease, "spec"), "holderIdentity") !== this.#holder;
    if (isTaken || textIn(objectIn(lease, "metadata"), "deletionTimestamp") !== undefined) {
      throw new DomainError("conflict", "kube_conflict", `Cannot renew Lease "${this.name}": somebody else cleans up behind this run`);
    }
  }

  #lose(reason: DomainError): void {
    this.#lost.abort(reason);
  }
}

/**
 * How far the server's clock is ahead of this one, by an object that it only pretends to make. Who may make no Lease gets 0, and so
 * does who asks in a namespace that is not there: it has no Leases to compare.
 *
 * @throws {DomainError} what makes the server unable to answer
 */
export async function serverOffset(api: KubeApi, namespace: string, clock: Clock, signal: AbortSignal): Promise<number> {
  const beforeMs = clock.now();
  try {
    const options = { namespace, fieldManager: FIELD_MANAGER, isDryRun: true, signal };
    const made = await createObject(api, LEASES, leaseObject("holdfast-clock", {}), options);
    const madeMs = parseTimestamp(textIn(objectIn(made, "metadata"), "creationTimestamp") ?? "")?.epochMs;
    return madeMs === undefined ? 0 : madeMs + HALF_SECOND_MS - (beforeMs + clock.now()) / 2;
  } catch (error) {
    // A webhook that knows no pretending is among these.
    if (WILL_NOT_SAY.has(asDomainError(error).kind)) return 0;
    throw error;
  }
}

function leaseObject(name: string, metadata: JsonObject): JsonObject {
  return { apiVersion: "coordination.k8s.io/v1", kind: LEASES.kind, metadata: { ...metadata, name } };
}

export function leaseName(id: Ulid): string {
  return `run-${id.toLowerCase()}`;
}

/** Kubernetes' MicroTime has six digits, always. */
export function microTime(ms: number): string {
  return isoTime(Math.round(ms)).replace("Z", "000Z");
}

function isLost(error: unknown): boolean {
  return error instanceof DomainError && (error.code === "kube_not_found" || error.code === "kube_conflict");
}

function lostState(error: unknown): string {
  const isGone = error instanceof DomainError && error.code === "kube_not_found";
  return isGone ? "its Lease was deleted, and with it what the run has made" : "its Lease was taken, and somebody cleans up behind it";
}
