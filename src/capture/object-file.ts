/** The file that an object becomes. */
import { type JsonObject, listIn, objectIn, textIn } from "../kube/json.ts";
import { parseTimestamp } from "../repository/format/timestamp.ts";

export interface ObjectFile {
  readonly content: Uint8Array;
  /** When the object was last written to, as far as it says so; milliseconds since 1970. */
  readonly timeMs: number;
}

export function objectFile(object: JsonObject): ObjectFile {
  const metadata = objectIn(object, "metadata");
  const times = listIn(metadata, "managedFields").map((entry) => textIn(entry, "time") ?? "");
  // The server writes all of them in one form, whose order is that of time.
  const latest = times.reduce((last, time) => (time > last ? time : last), textIn(metadata, "creationTimestamp") ?? "");
  return { content: Buffer.from(`${JSON.stringify(object)}\n`), timeMs: parseTimestamp(latest)?.epochMs ?? 0 };
}
