/** What is measured, in the order in which the cases follow each other on one repository. */
export type CaseName = "first" | "unchanged" | "restore" | "check" | "read-data" | "changed" | "prune";

export interface Case {
  readonly name: CaseName;
  readonly description: string;
  /** Cases that must have run on the repository before. */
  readonly after: readonly CaseName[];
  /** What the case reads: it is read once before, so that all tools find it in memory. */
  readonly reads: "first" | "changed" | "repository";
}

export const CASES: readonly Case[] = [
  { name: "first", description: "first backup", after: [], reads: "first" },
  { name: "unchanged", description: "unchanged backup", after: ["first"], reads: "first" },
  { name: "restore", description: "restore into an empty folder", after: ["first"], reads: "repository" },
  { name: "check", description: "check of the structure", after: ["first"], reads: "repository" },
  { name: "read-data", description: "check that reads all data", after: ["first"], reads: "repository" },
  { name: "changed", description: "backup of the changed data", after: ["first"], reads: "changed" },
  { name: "prune", description: "prune after the first data is forgotten", after: ["first", "changed"], reads: "repository" },
];

/** The cases to run, and before them those that they need, in order. */
export function withNeeded(wanted: ReadonlySet<CaseName>): readonly Case[] {
  const needed = new Set(wanted);
  for (const { name, after } of CASES.toReversed()) {
    if (needed.has(name)) for (const earlier of after) needed.add(earlier);
  }
  return CASES.filter(({ name }) => needed.has(name));
}
