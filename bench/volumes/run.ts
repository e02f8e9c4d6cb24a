/** The benchmark on volumes: each part on a new cluster of its own, one after the other. */
import { join } from "node:path";
import type { Figure, Outcome } from "../part.ts";
import { openWorkFolder } from "../work-folder.ts";
import { demoPart } from "./demo.ts";
import { moverPart } from "./mover.ts";
import type { VolumesPart } from "./part.ts";
import { quiescePart } from "./quiesce.ts";
import { Site } from "./site.ts";
import { startPart } from "./start.ts";
import { swapPart } from "./swap.ts";
import { unchangedPart } from "./unchanged.ts";

export const VOLUME_PARTS: readonly VolumesPart[] = [quiescePart, moverPart, unchangedPart, swapPart, demoPart, startPart];

export interface VolumesPlan {
  readonly parts: readonly VolumesPart[];
  readonly runs: number;
  readonly onFigure: (figure: Figure) => void;
}

export async function benchmarkVolumes({ parts, runs, onFigure }: VolumesPlan, signal: AbortSignal): Promise<[VolumesPart, Outcome][]> {
  await using work = await openWorkFolder(signal);
  const outcomes: [VolumesPart, Outcome][] = [];
  for (const part of parts) {
    const openSite = (): Promise<Site> => Site.open(join(work.path, part.name), signal);
    outcomes.push([part, await part.run({ openSite, runs, onFigure, signal })]);
  }
  return outcomes;
}
