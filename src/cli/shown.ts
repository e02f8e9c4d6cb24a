/** Values of a repository as people read them. Whoever wrote it chose the words: nothing in them may steer a terminal. */
import { byteStringOf, displayText } from "../base/byte-string.ts";
import type { HexId } from "../base/ids.ts";

const COUNT_FORMAT = new Intl.NumberFormat("en");

export function shownText(text: string): string {
  return displayText(byteStringOf(text));
}

/** As many digits as tell snapshots apart, mostly; commands take them as the whole id. */
export function shortId(id: HexId): string {
  return id.slice(0, 8);
}

/** "1 file", "1,234 files" */
export function counted(count: number, noun: string): string {
  return `${COUNT_FORMAT.format(count)} ${count === 1 ? noun : `${noun}s`}`;
}

/** On this machine's clock: "2026-05-01 13:45:09". */
export function localTime(epochMs: number): string {
  const time = Temporal.Instant.fromEpochMilliseconds(epochMs).toZonedDateTimeISO(Temporal.Now.timeZoneId());
  return `${time.toPlainDate().toString()} ${time.toPlainTime().toString({ smallestUnit: "second" })}`;
}
