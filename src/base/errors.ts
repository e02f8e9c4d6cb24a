/**
 * The one error class of Holdfast and the one table of what each kind of error means to the outside.
 *
 * Messages follow one grammar: sentence case, no full stop, no contractions, string values quoted,
 * the action that failed, then a colon and the state ("Cannot open repository "a": no config file").
 */

export type ErrorKind =
  | "usage"
  | "unauthenticated"
  | "forbidden"
  | "not-found"
  | "conflict"
  | "locked"
  | "unavailable"
  | "corrupt"
  | "unsupported"
  | "partial"
  | "cancelled"
  | "internal";

export interface ErrorKindRow {
  /** HTTP status of an answer that fails with this kind. */
  readonly http: number;
  /** Exit code of a command that fails with this kind. */
  readonly exitCode: number;
  /** Codes of this kind that scripts must be able to tell apart, with an exit code of their own. */
  readonly exitCodeOf?: Readonly<Record<string, number>>;
  /** Whether the same call may succeed later with nothing changed by the caller. */
  readonly retryable: boolean;
  /** Reason of a Kubernetes condition. */
  readonly reason: string;
}

/** Exit codes 3, 10, 11, 12 and 130 mean what they mean for restic, so that scripts can be kept. */
export const ERROR_KINDS: Readonly<Record<ErrorKind, ErrorKindRow>> = {
  usage: { http: 400, exitCode: 2, retryable: false, reason: "InvalidSpec" },
  unauthenticated: { http: 401, exitCode: 4, exitCodeOf: { wrong_repository_key: 12 }, retryable: false, reason: "AccessDenied" },
  forbidden: { http: 403, exitCode: 4, retryable: false, reason: "AccessDenied" },
  "not-found": { http: 404, exitCode: 5, exitCodeOf: { repository_not_found: 10 }, retryable: false, reason: "NotFound" },
  conflict: { http: 409, exitCode: 6, retryable: false, reason: "Conflict" },
  locked: { http: 423, exitCode: 11, retryable: true, reason: "Locked" },
  unavailable: { http: 503, exitCode: 7, retryable: true, reason: "Unavailable" },
  corrupt: { http: 500, exitCode: 8, retryable: false, reason: "DataCorrupt" },
  unsupported: { http: 501, exitCode: 9, retryable: false, reason: "Unsupported" },
  partial: { http: 200, exitCode: 3, retryable: false, reason: "PartiallyFailed" },
  cancelled: { http: 499, exitCode: 130, retryable: false, reason: "Cancelled" },
  internal: { http: 500, exitCode: 1, retryable: false, reason: "InternalError" },
};

export interface DomainErrorOptions {
  /** Facts about the failure, as JSON values. Never a secret: they are printed, logged and stored. */
  readonly details?: Readonly<Record<string, unknown>>;
  /** What the reader can do about it: one sentence in the grammar of messages. */
  readonly hint?: string;
  readonly cause?: unknown;
}

export class DomainError extends Error {
  override readonly name = "DomainError";
  readonly kind: ErrorKind;
  /** Stable and documented, in snake case: what programs match on. */
  readonly code: string;
  readonly details: Readonly<Record<string, unknown>>;
  readonly hint: string | undefined;

  constructor(kind: ErrorKind, code: string, message: string, options: DomainErrorOptions = {}) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.kind = kind;
    this.code = code;
    this.details = options.details ?? {};
    this.hint = options.hint;
  }
}

/**
 * Gives any thrown value as a DomainError. An AbortError becomes cancelled/cancelled, anything else that is not ours
 * becomes internal/internal with the value kept as cause. A signal aborted with a DomainError keeps that error.
 */
export function asDomainError(error: unknown): DomainError {
  if (error instanceof DomainError) return error;
  if (error instanceof Error && error.name === "AbortError") {
    return error.cause instanceof DomainError ? error.cause : new DomainError("cancelled", "cancelled", "Cancelled", { cause: error });
  }
  return new DomainError("internal", "internal", error instanceof Error ? error.message : String(error), { cause: error });
}

/** What another thread threw: on the way here errors lose their class. */
export function errorFromThread(error: unknown): unknown {
  if (!(error instanceof Error) || error.name !== "DomainError" || !("kind" in error && "code" in error)) return error;
  const { kind, code, message, details, hint, cause } = error as DomainError;
  const options = { details, cause, ...(hint === undefined ? {} : { hint }) };
  return new DomainError(kind, code, message, options);
}

/** The exit code of a command that ended with this error. */
export function exitCodeOf(error: unknown): number {
  const { kind, code } = asDomainError(error);
  const row = ERROR_KINDS[kind];
  return row.exitCodeOf?.[code] ?? row.exitCode;
}

/** Whether the same call may succeed later. An error that is not ours is a bug, and never retried. */
export function isRetryable(error: unknown): boolean {
  return ERROR_KINDS[asDomainError(error).kind].retryable;
}
