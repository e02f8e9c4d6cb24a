/** Spans of time in restic's keep rules: "1y5m7d2h", of which months and years have no fixed length. */
import { DomainError } from "../base/errors.ts";

export interface KeepSpan {
  readonly years: number;
  readonly months: number;
  readonly days: number;
  readonly hours: number;
}

const SPAN_FORM = /^(?:\d+[ymdh])+$/;
/** Far from the ends of the calendar that dates are counted in. */
const LONGEST_SPAN_YEARS = 10_000;
const HOURS_PER_YEAR = 8_766;

/**
 * Reads "1y5m7d2h" or any part of it; "0h" is no span.
 *
 * @throws {DomainError} usage/keep_span
 */
export function parseKeepSpan(text: string): KeepSpan {
  if (!SPAN_FORM.test(text)) throw refused(text, "not of the form 1y5m7d2h");
  const amount = (unit: string): number => Number(new RegExp(`(\\d+)${unit}`).exec(text)?.[1] ?? 0);
  const span = { years: amount("y"), months: amount("m"), days: amount("d"), hours: amount("h") };
  const hours = (span.years + span.months / 12) * HOURS_PER_YEAR + span.days * 24 + span.hours;
  if (hours > LONGEST_SPAN_YEARS * HOURS_PER_YEAR) throw refused(text, `longer than ${LONGEST_SPAN_YEARS} years`);
  return span;
}

function refused(text: string, state: string): DomainError {
  return new DomainError("usage", "keep_span", `Cannot read span of time "${text}": ${state}`, {
    hint: 'Write years, months, days and hours, as in "7d" or "1y6m"',
  });
}

/** As it is written; "" if it is no span. */
export function showSpan({ years, months, days, hours }: KeepSpan): string {
  const parts = [
    [years, "y"],
    [months, "m"],
    [days, "d"],
    [hours, "h"],
  ] as const;
  return parts.map(([amount, unit]) => (amount === 0 ? "" : `${amount}${unit}`)).join("");
}

/** A day that the month reached does not have counts on into the next one, as in Go: a month before 31 March is 3 March. */
export function startOfSpan({ years, months, days, hours }: KeepSpan, end: Temporal.ZonedDateTime): Temporal.ZonedDateTime {
  return end
    .with({ day: 1 })
    .subtract({ years, months })
    .add({ days: end.day - 1 - days })
    .subtract({ hours });
}
