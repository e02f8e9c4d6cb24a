/** How an error is shown: lines for people, one JSON object for programs. */
import { asDomainError, type DomainError, type ErrorKind, ERROR_KINDS, exitCodeOf } from "./errors.ts";

export interface ErrorJson {
  readonly kind: ErrorKind;
  readonly code: string;
  readonly message: string;
  readonly reason: string;
  readonly retryable: boolean;
  readonly exitCode: number;
  readonly hint?: string;
  readonly details?: Readonly<Record<string, unknown>>;
  /** Messages of the causes, the nearest first. */
  readonly causes?: readonly string[];
}

/**
 * Renders an error for a terminal: the message, then one line for each cause, then the hint. The stack follows only for
 * an internal error, since that is a bug to report.
 */
export function errorText(error: unknown): string {
  const shown = asDomainError(error);
  const lines = [shown.message, ...causeMessages(shown).map((message) => `  because: ${message}`)];
  if (shown.hint !== undefined) lines.push(`  hint: ${shown.hint}`);
  const origin = shown.cause instanceof Error ? shown.cause : shown;
  if (shown.kind === "internal" && origin.stack !== undefined) lines.push(origin.stack);
  return lines.join("\n");
}

/** Renders an error as a JSON value. Absent fields are left out; stacks never appear. */
export function errorJson(error: unknown): ErrorJson {
  const shown = asDomainError(error);
  const { reason, retryable } = ERROR_KINDS[shown.kind];
  const causes = causeMessages(shown);
  return {
    kind: shown.kind,
    code: shown.code,
    message: shown.message,
    reason,
    retryable,
    exitCode: exitCodeOf(shown),
    ...(shown.hint === undefined ? {} : { hint: shown.hint }),
    ...(Object.keys(shown.details).length === 0 ? {} : { details: shown.details }),
    ...(causes.length === 0 ? {} : { causes }),
  };
}

/** Messages down the chain of causes, without those that only repeat what stands above; a chain that loops ends. */
function causeMessages(error: DomainError): string[] {
  const seen = new Set<unknown>([error]);
  const messages = [error.message];
  for (let cause = error.cause; cause !== undefined && !seen.has(cause);) {
    seen.add(cause);
    const message = messageOf(cause);
    if (message !== "" && message !== messages.at(-1)) messages.push(message);
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return messages.slice(1);
}

/** An AggregateError, as Node throws for a host with several addresses, has its news in its parts. */
function messageOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  if (cause instanceof AggregateError && cause.message === "") return cause.errors.map(messageOf).join("; ");
  return cause.message;
}
