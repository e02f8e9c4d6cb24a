/** How long prune waits, and for what: every span of time that the safety of data rests on. */
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export interface PruneMargins {
  /**
   * Packs are deleted when their mark is that old. A run that lost its lock without noticing, on a machine that slept over a weekend,
   * finds the mark before it writes a snapshot that relies on them. A mark is kept as long, also when its packs went sooner.
   */
  readonly graceMs: number;
  /** Packs that no index names are left alone when they are younger: one who lost his lock stops writing within half an hour. */
  readonly unindexedMs: number;
  /** What resume records name is in use for so long. */
  readonly resumeMs: number;
}

export const PRUNE_MARGINS: PruneMargins = Object.freeze({ graceMs: 3 * DAY_MS, unindexedMs: HOUR_MS, resumeMs: 14 * DAY_MS });
