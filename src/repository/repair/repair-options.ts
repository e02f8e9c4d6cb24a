/** What all repairs take and give. */
import type { FindingSink } from "../../base/finding.ts";
import type { CheckFinding } from "../check/check-findings.ts";

export interface RepairOptions {
  /** Only says what would be done. */
  readonly dryRun: boolean;
  /** Gets what was found, with what it touches; the same findings are in the result. */
  readonly report: FindingSink;
}

export interface RepairResult {
  readonly findings: readonly CheckFinding[];
  readonly dryRun: boolean;
}
