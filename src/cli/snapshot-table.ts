/** Snapshots as a table. */
import { formatBytes } from "../base/byte-size.ts";
import { serializeSnapshot } from "../repository/format/snapshot.ts";
import type { StoredSnapshot } from "../repository/snapshots.ts";
import { localTime, shortId, shownText } from "./shown.ts";
import { formatTable } from "./table.ts";

const COLUMNS = [
  { title: "ID" },
  { title: "Time" },
  { title: "Host" },
  { title: "Tags" },
  { title: "Paths" },
  { title: "Size", align: "right" },
] as const;

/** A line for each path. */
export function snapshotTable(snapshots: readonly StoredSnapshot[]): string {
  return formatTable(
    COLUMNS,
    snapshots.flatMap(({ id, snapshot }) => {
      const { time, hostname, tags, paths, summary } = snapshot;
      const size = summary === undefined ? "" : formatBytes(summary.totalBytesProcessed);
      const [first = "", ...others] = paths.map(shownText);
      return [
        [shortId(id), localTime(time.epochMs), shownText(hostname), tags.map(shownText).join(","), first, size],
        ...others.map((path) => ["", "", "", "", path, ""]),
      ];
    }),
  );
}

/** The fields of its file, and its id. */
export function snapshotJson({ id, snapshot }: StoredSnapshot): Readonly<Record<string, unknown>> {
  return { id, ...(JSON.parse(new TextDecoder().decode(serializeSnapshot(snapshot))) as Record<string, unknown>) };
}
