/** What an operation found and went on from: it is reported, and decides whether the operation counts as a success. */

/**
 * `info`: worth knowing, nothing is lost. `partial`: what the operation made lacks something that was asked for.
 * `critical`: something that was safe is no longer, whatever this operation was about.
 */
export type FindingGrade = "info" | "partial" | "critical";

export interface Finding {
  readonly grade: FindingGrade;
  /** Stable and documented, in snake case: what programs match on. */
  readonly code: string;
  /** What it is about, for people: a path, a snapshot, a file of a repository. Never a secret. */
  readonly object: string;
  /** In the grammar of error messages. */
  readonly message: string;
}

export type FindingSink = (finding: Finding) => void;
