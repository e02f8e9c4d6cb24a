/** The forms of time that S3 speaks, to and from milliseconds since 1970. */
import { isoTime } from "../../base/clock.ts";

const HTTP_DATE = /^[A-Z][a-z]{2}, (?<day>\d{2}) (?<month>[A-Z][a-z]{2}) (?<year>\d{4}) (?<time>\d{2}:\d{2}:\d{2}) GMT$/;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** "20130524T000000Z", as signatures have it. */
export function amzDate(epochMs: number): string {
  return isoTime(epochMs).replaceAll(/[-:]|\.\d+/g, "");
}

/** RFC 3339 as in the XML of S3; undefined for any other text. */
export function parseIsoTime(text: string): number | undefined {
  try {
    return Temporal.Instant.from(text).epochMilliseconds;
  } catch {
    return undefined;
  }
}

/** IMF-fixdate of RFC 9110 as in headers; undefined for any other text. */
export function parseHttpDate(text: string): number | undefined {
  const { day, month = "", year, time } = HTTP_DATE.exec(text)?.groups ?? {};
  const number = String(MONTHS.indexOf(month) + 1).padStart(2, "0");
  return parseIsoTime(`${year}-${number}-${day}T${time}Z`);
}
