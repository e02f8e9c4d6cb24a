/** What a restore needs to load and check the databases of a point. */
import { dumpFile } from "../archive/reading/dump.ts";
import { SnapshotTrees } from "../archive/reading/snapshot-trees.ts";
import { byteStringOf } from "../base/byte-string.ts";
import { DomainError } from "../base/errors.ts";
import type { Blueprint } from "../blueprint/blueprint.ts";
import type { PointStream } from "../point/description.ts";
import type { RestorePoint } from "../point/restore-point.ts";
import type { DatabaseRequest } from "../recover/databases/finish-databases.ts";
import type { PlanOptions } from "../recover/plan/plan.ts";
import type { Session } from "../repository/session.ts";

export interface DatabasesOf {
  readonly point: RestorePoint;
  readonly session: Session;
  readonly options: PlanOptions;
  readonly blueprints: readonly Blueprint[];
}

export function restoredDatabases({ point, session, options, blueprints }: DatabasesOf): Pick<DatabaseRequest, "blueprints" | "streams"> {
  const { toNamespace, namePrefix = "", volumes } = options;
  const streams = volumes === undefined ? point.description.streams : [];
  return {
    blueprints,
    streams: streams.map((stream) => ({
      blueprint: stream.blueprint,
      bytes: stream.bytes,
      namespace: toNamespace ?? stream.namespace,
      pod: `${namePrefix}${stream.pod}`,
      read: () => contentOf(point, session, stream),
    })),
  };
}

async function* contentOf(point: RestorePoint, session: Session, { path }: PointStream): AsyncGenerator<Uint8Array, void, undefined> {
  const node = await new SnapshotTrees(session).find(point.handle.snapshot.snapshot.tree, path.map(byteStringOf));
  if (node === undefined || node === "missing" || node.type !== "file") {
    const message = `Cannot read restore point ${point.description.id}: it has no file "${path.join("/")}"`;
    throw new DomainError("corrupt", "restore_point", message);
  }
  yield* dumpFile(session, node);
}
