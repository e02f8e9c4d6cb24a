/** Numbers and moments on the command line. */
import { DomainError } from "../base/errors.ts";
import type { AsOf } from "../repository/object-lock/history.ts";
import { parseTimestamp } from "../repository/format/timestamp.ts";
import type { AsOfOptions } from "./snapshot-options.ts";

/** @throws {DomainError} usage/count: not a whole number from 1 on */
export function parseCount(text: string, option: string): number {
  const count = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(count) && count > 0) return count;
  throw new DomainError("usage", "count", `Cannot use ${option} "${text}": not a whole number from 1 on`);
}

/** Milliseconds since 1970. @throws {DomainError} usage/time: not RFC 3339 */
export function parseMoment(text: string, option: string): number {
  const time = parseTimestamp(text);
  if (time !== undefined) return time.epochMs;
  throw new DomainError("usage", "time", `Cannot use ${option} "${text}": not a moment of RFC 3339`, {
    hint: 'Write it as "2026-05-01T13:45:00Z" or "2026-05-01T15:45:00+02:00"',
  });
}

/** What `--as-of` says. Throws as parseMoment() does. */
export function readAsOf({ asOf }: AsOfOptions): AsOf {
  return asOf === undefined ? {} : { asOfMs: parseMoment(asOf, "--as-of") };
}
