/** Dumps of databases, from the command's standard output straight into the repository: nothing of them is on a disk in between. */
import { createHash } from "node:crypto";
import type { MadeFiles } from "../../archive/made-files.ts";
import { DomainError } from "../../base/errors.ts";
import type { Clock } from "../../base/clock.ts";
import type { ProgressSink } from "../../base/progress.ts";
import { blueprintName, type Database, describeDatabase } from "../../blueprint/database.ts";
import { runDump } from "../../blueprint/operations.ts";
import type { KubeApi } from "../../kube/kube-api.ts";
import type { PointStream } from "../../point/description.ts";
import { STREAMS_FOLDER } from "../../point/object-path.ts";

export interface DumpOptions {
  readonly api: KubeApi;
  readonly clock: Clock;
  readonly progress: ProgressSink;
  readonly signal: AbortSignal;
}

/** What file systems take. */
const MAX_NAME = 255;

/** One after the other, as each takes what the connection to the API server gives. @throws {DomainError} as runDump() does: there is no point then */
export async function dumpDatabases(
  files: MadeFiles,
  databases: readonly Database[],
  options: DumpOptions,
): Promise<readonly PointStream[]> {
  const { api, clock, progress, signal } = options;
  const streams: PointStream[] = [];
  let doneBytes = 0;
  for (const database of databases) {
    const path = [STREAMS_FOLDER, nameOf(database)];
    let pod = "";
    const bytes = await files.addStream(path, clock.now(), async (stream) => {
      const sink = async (piece: Uint8Array): Promise<void> => {
        await stream.write(piece);
        doneBytes += piece.length;
        progress({ stage: "Dumping databases", doneBytes, doneItems: streams.length, current: describeDatabase(database) });
      };
      ({ pod } = await runDump(api, database, sink, { clock, signal }));
    });
    if (bytes === 0)
      throw new DomainError("unavailable", "dump_empty", `Cannot dump ${describeDatabase(database)}: its command gave nothing`);
    streams.push({ namespace: database.namespace, blueprint: blueprintName(database), pod, path, bytes });
  }
  return streams;
}

/** `shop_StatefulSet_db_dump.sql`: no two databases have the same. */
function nameOf({ namespace, workload, blueprint }: Database): string {
  const name = `${namespace}_${workload.replaceAll("/", "_")}_${blueprint?.dump?.file ?? "dump"}`;
  return name.length <= MAX_NAME ? name : createHash("sha256").update(name).digest("hex");
}
