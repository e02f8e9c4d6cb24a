/** Spans of time in blueprints and annotations: `500ms`, `30s`, `10m`, `2h`. */

const FORM = /^(?<amount>\d{1,6})(?<unit>ms|s|m|h)$/;
const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** @returns undefined if it is none, or none at all */
export function parseTimeSpan(text: string): number | undefined {
  const { amount, unit = "" } = FORM.exec(text)?.groups ?? {};
  const ms = Number(amount) * (UNIT_MS[unit] ?? Number.NaN);
  return ms > 0 ? ms : undefined;
}
