/** What all repairs take and give. */
import type { Clock } from "../../base/clock.ts";
import type { FindingSink } from "../../base/finding.ts";
import type { CheckFinding } from "../check/check-findings.ts";

export interface RepairOptions {
  /** Only says what would be done. */
  readonly dryRun: boolean;
  readonly clock: Clock;
  /** Gets what was found, with what it touches; the same findings are in the result. Gets what cannot be removed, too. */
  readonly report: FindingSink;
}

export interface RepairResult {
  readonly findings: readonly CheckFinding[];
  readonly dryRun: boolean;
}
