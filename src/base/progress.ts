/** How far a long operation is. Whoever runs it decides how to show it. */

export interface Progress {
  /** What is being done, as a gerund: "Reading files". A new stage starts its counts again. */
  readonly stage: string;
  readonly doneBytes: number;
  /** Absent while it is not known. It may grow while work is still being found. */
  readonly totalBytes?: number | undefined;
  readonly doneItems: number;
  readonly totalItems?: number | undefined;
  /** What is worked on now, for people: control characters are escaped by whoever gives it. */
  readonly current?: string | undefined;
}

/** Called as often as it suits the operation: a sink is cheap and never throws. */
export type ProgressSink = (progress: Progress) => void;
