/** `holdfast clone` */
import type { Command } from "commander";
import { DomainError } from "../../base/errors.ts";
import type { External } from "../../recover/clone/clone-options.ts";
import type { CommandContext } from "../context.ts";
import { runRestore } from "../run-restore.ts";
import { parseOnly, parseStorageClasses, readTransform } from "./restore.ts";

export interface CloneCommandOptions {
  readonly toNamespace: string;
  readonly storageClass: readonly string[];
  readonly replicas: string;
  readonly open: readonly string[];
  readonly openEgress: readonly string[];
  readonly external: External;
  readonly externalGroup: readonly string[];
  readonly readOnlyVolumes?: boolean;
  readonly mask?: boolean;
  readonly transform?: string;
  readonly dryRun?: boolean;
  readonly blueprints: readonly string[];
  readonly maxSpeed?: boolean;
  readonly wait: string | false;
}

/** Everything that leads out is shut, so whatever is there already is another application's. */
const FIXED = { existing: "fail", dependencies: "keep" } as const;
const AS_MANY = "all";

export async function clone(name: string, given: CloneCommandOptions, command: Command, context: CommandContext): Promise<void> {
  const { toNamespace, storageClass, replicas, open, openEgress, external, externalGroup, readOnlyVolumes = false } = given;
  const { transform, dryRun = false, maxSpeed = false, wait, blueprints, mask = false } = given;
  assertMaskable(given);
  const storageClasses = parseStorageClasses(storageClass);
  const planOptions: Parameters<typeof runRestore>[1]["planOptions"] = async (table) => ({
    ...FIXED,
    toNamespace,
    ...(storageClasses === undefined ? {} : { storageClasses }),
    ...(transform === undefined ? {} : { transform: await readTransform(transform) }),
    clone: {
      ...(replicas === AS_MANY ? {} : { maxReplicas: parseReplicas(replicas) }),
      open: open.map((text) => parseOnly(text, table)),
      openEgress,
      external,
      externalGroups: externalGroup,
      readOnlyVolumes,
    },
  });
  await runRestore(name, { planOptions, dryRun, plan: undefined, maxSpeed, wait, blueprints, mask }, command, context);
}

/** @throws {DomainError} usage/clone_mask */
function assertMaskable({ mask = false, replicas, readOnlyVolumes = false }: CloneCommandOptions): void {
  const refuse = (option: string, state: string): never => {
    throw new DomainError("usage", "clone_mask", `Cannot use --mask with ${option}: ${state}`, { hint: "Leave out one of them" });
  };
  if (mask && replicas === "0") return refuse("--replicas 0", "a database that does not run cannot be masked");
  if (mask && readOnlyVolumes) return refuse("--read-only-volumes", "a database could not write what is masked");
}

/** @throws {DomainError} usage/clone_replicas */
function parseReplicas(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new DomainError("usage", "clone_replicas", `Cannot use --replicas "${text}": neither a number nor "${AS_MANY}"`);
}
