/** What a part of the benchmark on volumes runs on. */
import type { FigureSink, Part } from "../part.ts";
import type { Site } from "./site.ts";

export interface VolumesBench extends FigureSink {
  /** A new one, which lasts as long as the part. */
  readonly openSite: () => Promise<Site>;
  /** How often; figures are medians. */
  readonly runs: number;
  readonly signal: AbortSignal;
}

export type VolumesPart = Part<VolumesBench>;
