/** Spans of time as people write them, "1h30m", and as they read them, "1 h 30 min". */
import { DomainError } from "../base/errors.ts";

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

const UNIT_MS: Readonly<Record<string, number>> = { d: DAY_MS, h: HOUR_MS, m: MINUTE_MS, s: SECOND_MS };
const DURATION_FORM = /^(?:\d{1,9}[dhms])+$/;

/**
 * Reads "90s", "1h30m" or "2d" into milliseconds; "0s" is none.
 *
 * @throws {DomainError} usage/duration
 */
export function parseDuration(text: string): number {
  if (!DURATION_FORM.test(text)) {
    throw new DomainError("usage", "duration", `Cannot read duration "${text}": not of the form 1h30m`, {
      hint: 'Write days, hours, minutes and seconds, as in "90s" or "1h30m"',
    });
  }
  const parts = text.matchAll(/(\d+)([dhms])/g);
  return Array.from(parts, ([, amount, unit = ""]) => Number(amount) * (UNIT_MS[unit] ?? 0)).reduce((sum, ms) => sum + ms, 0);
}

/** The two largest units that count: "4 s", "3 min 20 s", "2 h", "5 d 1 h". */
export function formatDuration(ms: number): string {
  const seconds = Math.round(ms / SECOND_MS);
  const parts = [
    [Math.floor(seconds / 86_400), "d"],
    [Math.floor(seconds / 3600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "min"],
    [seconds % 60, "s"],
  ] as const;
  const first = parts.findIndex(([amount]) => amount > 0);
  const shown = first < 0 ? parts.slice(-1) : parts.slice(first, first + 2).filter(([amount], index) => index === 0 || amount > 0);
  return shown.map(([amount, unit]) => `${amount} ${unit}`).join(" ");
}

/** What something took, to a tenth of a second while that says something: "0.4 s", "12 s", "3 min 20 s". */
export function formatElapsed(ms: number): string {
  return ms < 9_950 ? `${(ms / SECOND_MS).toFixed(1)} s` : formatDuration(ms);
}
