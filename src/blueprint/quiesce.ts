/**
 * A database held still: one command in its container that stays open. It ends when its input does, so whatever ends this program, the
 * connection or the API server thaws it, and it has a limit of its own besides.
 */
import type { Clock } from "../base/clock.ts";
import { Deadline } from "../base/deadline.ts";
import { asDomainError, DomainError } from "../base/errors.ts";
import type { FindingSink } from "../base/finding.ts";
import type { KubeApi } from "../kube/kube-api.ts";
import { exec, type ExecTarget } from "../kube/streams/exec.ts";
import type { SessionCommand } from "./blueprint.ts";
import { choosePods, readyPods } from "./choose-pod.ts";
import { CommandWords } from "./command-words.ts";
import { type Database, describeDatabase, sessionCommandOf } from "./database.ts";
import { SessionLines } from "./session-lines.ts";

export interface QuiesceOptions {
  /** How long it may be held; it thaws by itself then. */
  readonly limitMs: number;
  readonly clock: Clock;
  /** Thaws it. */
  readonly signal: AbortSignal;
  /** Is told why it could not be frozen, or was not frozen all the time. */
  readonly report: FindingSink;
}

export interface Quiesced extends AsyncDisposable {
  readonly database: Database;
  /** The first one that is held: shards have a primary each, and hooks are run in every pod. */
  readonly pod: string;
  /** Those of the pods that are held: what is on them is whole. */
  readonly claims: readonly string[];
  /** Since when by the clock's wall time, as seen from here. */
  readonly frozenAtMs: number;
  /** Thaws it. What was cut before counts as quiesced only if it was `held`. The same answer each time. */
  release(): Promise<QuiesceOutcome>;
}

export interface QuiesceOutcome {
  /** `held`: until it was released. `limit-reached`: it thawed before. `failed`: nobody knows. */
  readonly result: "failed" | "held" | "limit-reached";
  /** For how long somebody had to wait, by the container's clock if it tells. */
  readonly heldMs: number;
  readonly why: string | undefined;
}

const LIMIT_REACHED = 75;
/** For a command whose input has ended, or whose limit is over, to end. */
const GRACE_MS = 15_000;

/**
 * Chooses the pod and freezes it.
 *
 * @returns undefined if it could not be frozen, which was reported; nothing is held then
 */
export async function openQuiesce(api: KubeApi, database: Database, options: QuiesceOptions): Promise<Quiesced | undefined> {
  const { limitMs, clock, signal, report } = options;
  const of = describeDatabase(database);
  try {
    const command = sessionCommandOf(database);
    if (command === undefined)
      throw new DomainError("unsupported", "quiesce_failed", `Cannot quiesce ${of}: its blueprint does not say how`);
    // Hooks are run wherever they were asked for; which pod is the primary is nothing that they know of.
    const pods = database.hooks === undefined ? await choosePods(api, database, { clock, signal }) : readyPods(database);
    const { namespace, container } = database;
    const sessions = pods.map(({ name }) => new Session(api, { namespace, pod: name, container }, command, { limitMs, clock, signal, of }));
    const frozenAtMs = await allFrozen(sessions, clock);
    let outcome: Promise<QuiesceOutcome> | undefined;
    const release = async (): Promise<QuiesceOutcome> => {
      const result = worstOf(await Promise.all(sessions.map((session) => session.release())));
      if (result.result !== "held") {
        const code = result.result === "failed" ? "quiesce_failed" : "quiesce_limit";
        report({ grade: "partial", code, object: of, message: `Cannot keep ${of} quiesced: ${result.why}` });
      }
      return result;
    };
    const releaseOnce = async (): Promise<QuiesceOutcome> => (outcome ??= release());
    return {
      database,
      pod: pods[0].name,
      claims: [...new Set(pods.flatMap(({ claims }) => claims))],
      frozenAtMs,
      release: releaseOnce,
      [Symbol.asyncDispose]: async () => void (await releaseOnce()),
    };
  } catch (error) {
    signal.throwIfAborted();
    const { code, message } = asDomainError(error);
    if (!(error instanceof DomainError)) throw error;
    report({
      grade: "partial",
      code: code.startsWith("kube_") || code === "blueprint_command" ? "quiesce_failed" : code,
      object: of,
      message,
    });
    return undefined;
  }
}

/** Since when the last of them is; if one cannot be frozen, the others are let go. */
async function allFrozen(sessions: readonly Session[], clock: Clock): Promise<number> {
  const results = await Promise.allSettled(sessions.map((session) => session.frozen()));
  const failed = results.find((result) => result.status === "rejected");
  if (failed === undefined) return clock.now();
  await Promise.all(sessions.map((session) => session.release()));
  throw failed.reason;
}

function worstOf(outcomes: readonly QuiesceOutcome[]): QuiesceOutcome {
  const heldMs = Math.max(...outcomes.map((outcome) => outcome.heldMs));
  const worst = (["failed", "limit-reached"] as const).map((result) => outcomes.find((outcome) => outcome.result === result)).find(Boolean);
  return worst === undefined ? { result: "held", heldMs, why: undefined } : { ...worst, heldMs };
}

interface SessionOptions extends Omit<QuiesceOptions, "report"> {
  readonly of: string;
}

class Session {
  readonly #lines = new SessionLines();
  readonly #words = new CommandWords();
  readonly #cut = new AbortController();
  readonly #inputEnd = Promise.withResolvers<void>();
  readonly #ended: Promise<number | DomainError>;
  readonly #timeoutMs: number;
  readonly #options: SessionOptions;
  #frozenAt = 0;
  #endedAt: number | undefined;

  constructor(api: KubeApi, target: ExecTarget, { command, timeoutMs }: SessionCommand, options: SessionOptions) {
    const { limitMs, signal } = options;
    this.#options = options;
    this.#timeoutMs = timeoutMs;
    this.#ended = exec(api, target, {
      command: [...command, String(Math.max(1, Math.ceil(limitMs / 1000)))],
      stdin: this.#input(),
      stdout: (bytes) => this.#lines.take(bytes),
      stderr: (bytes) => this.#words.add(bytes),
      signal: AbortSignal.any([signal, this.#cut.signal]),
    })
      .catch((error: unknown) => asDomainError(error))
      .finally(() => (this.#endedAt = options.clock.monotonicMs()));
  }

  /** @throws {DomainError} unavailable/quiesce_failed; nothing is held then for longer than the container lets it */
  async frozen(): Promise<void> {
    const { clock, signal } = this.#options;
    using deadline = new Deadline(clock, this.#timeoutMs);
    const first = await Promise.race([this.#lines.frozen, this.#ended, whenAborted(deadline.signal)]);
    signal.throwIfAborted();
    if (first === "aborted") {
      this.#inputEnd.resolve();
      this.#cut.abort();
      await this.#ended;
      throw this.#failure(`it was not frozen within ${Math.ceil(this.#timeoutMs / 1000)} s`);
    }
    if (first instanceof DomainError) throw first;
    if (first !== undefined) throw this.#failure(`its command ended (exit code ${first})`);
    this.#frozenAt = clock.monotonicMs();
  }

  async release(): Promise<QuiesceOutcome> {
    const { clock, limitMs } = this.#options;
    const endedEarly = this.#endedAt !== undefined;
    this.#inputEnd.resolve();
    using deadline = new Deadline(clock, GRACE_MS);
    const end = await Promise.race([this.#ended, whenAborted(deadline.signal)]);
    this.#cut.abort();
    const heldMs = this.#lines.thawedMs ?? Math.round((this.#endedAt ?? clock.monotonicMs()) - this.#frozenAt);
    if (end === 0 && !endedEarly) return { result: "held", heldMs, why: undefined };
    if (end === LIMIT_REACHED) {
      return { result: "limit-reached", heldMs, why: `it thawed by itself after ${Math.ceil(limitMs / 1000)} s, before all was cut` };
    }
    const why = end === "aborted" ? `it did not say within ${GRACE_MS / 1000} s that it had thawed` : this.#endWords(end);
    return { result: "failed", heldMs, why };
  }

  async *#input(): AsyncGenerator<Uint8Array, void, undefined> {
    await this.#inputEnd.promise;
    // An input has to be able to give something.
    yield* [];
  }

  #endWords(end: DomainError | number): string {
    if (end instanceof DomainError) return end.message;
    const said = this.#words.text;
    return said === "" ? `its command ended (exit code ${end})` : said;
  }

  #failure(state: string): DomainError {
    const said = this.#words.text;
    const message = `Cannot quiesce ${this.#options.of}: ${said === "" ? state : `${state}: ${said}`}`;
    return new DomainError("unavailable", "quiesce_failed", message);
  }
}

async function whenAborted(signal: AbortSignal): Promise<"aborted"> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  return "aborted";
}
