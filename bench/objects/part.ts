/** What a part of the benchmark on objects runs on. */
import type { VeleroPrograms } from "../../dev/peers/velero.ts";
import type { FigureSink, Part } from "../part.ts";
import type { Site } from "./site.ts";

export interface ObjectsBench extends FigureSink {
  readonly site: Site;
  /** Undefined: without it. */
  readonly velero: VeleroPrograms | undefined;
}

export type ObjectsPart = Part<ObjectsBench>;
