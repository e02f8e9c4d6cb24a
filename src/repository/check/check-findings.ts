/** Says what is damaged, what that touches, and what to do. */
import type { Finding } from "../../base/finding.ts";
import type { HexId } from "../../base/ids.ts";
import { keyOfFile } from "../layout.ts";
import type { FileInfo } from "../sealed-files.ts";
import type { Touched } from "./damage-tracer.ts";
import type { Damage } from "./damages.ts";

export interface CheckFinding extends Finding {
  /** What of which snapshots it touches; empty if nothing that is lost is needed. */
  readonly touched: readonly TouchedSnapshot[];
}

export interface TouchedSnapshot {
  readonly snapshot: HexId;
  /** How many files and folders. */
  readonly count: number;
  /** The first of them, for people; a folder counts once for all that is in it, and ends in a slash. */
  readonly paths: readonly string[];
}

const PATHS_IN_MESSAGE = 3;
const SHORT_ID = 8;

export function damageFindings(damages: readonly Damage[], touched: readonly Touched[]): CheckFinding[] {
  const byDamage = Map.groupBy(touched, ({ damage }) => damage);
  return damages.map(({ grade = "critical", code, object, state, remedy, lostSnapshot }, number) => {
    const snapshots: TouchedSnapshot[] =
      lostSnapshot === undefined
        ? (byDamage.get(number) ?? []).map(({ snapshot, count, paths }) => ({ snapshot, count, paths }))
        : [{ snapshot: lostSnapshot, count: 1, paths: ["/"] }];
    return {
      grade,
      code,
      object,
      message: `Cannot trust "${object}": ${state}; ${effect(snapshots)}; ${remedy}`,
      touched: snapshots,
    };
  });
}

export function garbageFinding({ id }: FileInfo): CheckFinding {
  const object = keyOfFile("data", id);
  const message = `Nothing needs "${object}": no index file names it, as while a backup runs or after it was killed; prune removes it`;
  return { grade: "info", code: "pack_unindexed", object, message, touched: [] };
}

function effect(touched: readonly TouchedSnapshot[]): string {
  const count = touched.reduce((sum, snapshot) => sum + snapshot.count, 0);
  if (count === 0) return "no snapshot needs what is lost";
  const examples = touched.flatMap(({ snapshot, paths }) => paths.map((path) => `"${path}" of ${snapshot.slice(0, SHORT_ID)}`));
  const more = count > PATHS_IN_MESSAGE ? " and others" : "";
  const what = `${count} ${count === 1 ? "path" : "paths"} in ${touched.length} ${touched.length === 1 ? "snapshot" : "snapshots"}`;
  return `it touches ${what}: ${examples.slice(0, PATHS_IN_MESSAGE).join(", ")}${more}`;
}
