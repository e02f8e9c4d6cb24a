/** All stages, in the order they run. */
import { DomainError } from "../../src/base/errors.ts";
import { goStage } from "./go-stage.ts";
import { nodeStage } from "./node-stage.ts";
import type { Stage } from "./stage.ts";
import { toolStage } from "./tool-stage.ts";

const MINUTE_MS = 60_000;
/** Two files at a time: the cores of the smallest machine that is meant to run them. */
const TWO_AT_A_TIME = 2;
/** These start servers and clusters, which must not compete for time limits. */
const ONE_AT_A_TIME = 1;

const QUICK: readonly Stage[] = [
  toolStage("format", "oxfmt/bin/oxfmt", ["--check"]),
  toolStage("lint", "oxlint/bin/oxlint"),
  toolStage("types", "typescript/bin/tsc"),
  nodeStage("unit", {
    patterns: ["src/**/*.test.ts", "bench/**/*.test.ts", "test/lint/**/*.test.ts", "test/runner/**/*.test.ts"],
    concurrency: TWO_AT_A_TIME,
    fileTimeoutMs: MINUTE_MS,
  }),
];

const SLOW: readonly Stage[] = [
  folderStage("contract", TWO_AT_A_TIME, 5 * MINUTE_MS),
  folderStage("integration", ONE_AT_A_TIME, 10 * MINUTE_MS),
  folderStage("interop", TWO_AT_A_TIME, 10 * MINUTE_MS),
  goStage,
  nodeStage("dev", {
    patterns: ["dev/**/*.test.ts", "test/support/**/*.test.ts"],
    concurrency: ONE_AT_A_TIME,
    fileTimeoutMs: 20 * MINUTE_MS,
  }),
  folderStage("e2e", TWO_AT_A_TIME, 20 * MINUTE_MS),
];

const ALL: readonly Stage[] = [...QUICK, ...SLOW];

/**
 * The stages that a command line asks for: `check`, `all`, or `stage NAME…`.
 *
 * @throws {DomainError} usage/arguments
 */
export function chooseStages(args: readonly string[]): readonly Stage[] {
  const [what, ...names] = args;
  if (what === "check" && names.length === 0) return QUICK;
  if (what === "all" && names.length === 0) return ALL;
  if (what === "stage" && names.length > 0) return names.map(findStage);
  throw new DomainError("usage", "arguments", 'Cannot run tests: say "check", "all" or "stage" with names', { hint: stageNames() });
}

function findStage(name: string): Stage {
  const stage = ALL.find((candidate) => candidate.name === name);
  if (stage === undefined) throw new DomainError("usage", "arguments", `Cannot run stage "${name}": no such stage`, { hint: stageNames() });
  return stage;
}

function stageNames(): string {
  return `Stages are ${ALL.map(({ name }) => name).join(", ")}`;
}

function folderStage(name: string, concurrency: number, fileTimeoutMs: number): Stage {
  return nodeStage(name, { patterns: [`test/${name}/**/*.test.ts`], concurrency, fileTimeoutMs });
}
