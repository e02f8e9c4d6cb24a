/** The benchmark on objects: each part on a new cluster of its own, one after the other. */
import { join } from "node:path";
import type { VeleroPrograms } from "../../dev/peers/velero.ts";
import { capturePart } from "./capture.ts";
import { listPart } from "./list.ts";
import { memoryPart } from "./memory.ts";
import { neighbourPart } from "./neighbour.ts";
import type { Figure, Outcome } from "../part.ts";
import { openWorkFolder } from "../work-folder.ts";
import type { ObjectsPart } from "./part.ts";
import { restorePart } from "./restore.ts";
import { Site } from "./site.ts";

export const PARTS: readonly ObjectsPart[] = [capturePart, memoryPart, restorePart, neighbourPart, listPart];

export interface ObjectsPlan {
  readonly parts: readonly ObjectsPart[];
  /** Undefined: without it. */
  readonly velero: VeleroPrograms | undefined;
  readonly onFigure: (figure: Figure) => void;
}

export async function benchmarkObjects(plan: ObjectsPlan, signal: AbortSignal): Promise<[ObjectsPart, Outcome][]> {
  const { parts, velero, onFigure } = plan;
  await using work = await openWorkFolder(signal);
  const outcomes: [ObjectsPart, Outcome][] = [];
  for (const part of parts) {
    await using site = await Site.open(join(work.path, part.name), signal);
    outcomes.push([part, await part.run({ site, velero, onFigure })]);
  }
  return outcomes;
}
