/** How locks are told to people. */
import { isoTime } from "../../base/clock.ts";

/** In UTC, as locks end: "2027-01-01", with the time of day unless it is midnight. */
export function momentText(ms: number): string {
  const moment = isoTime(ms);
  return moment.endsWith("T00:00:00.000Z") ? moment.slice(0, 10) : moment.replace(/\.\d+Z$/, "Z");
}

/** "under Object Lock until 2027-01-01" @param untilMs infinite: under legal hold */
export function lockText(untilMs: number): string {
  return Number.isFinite(untilMs) ? `under Object Lock until ${momentText(untilMs)}` : "under legal hold";
}
