/** `holdfast restore` */
import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import { DomainError } from "../../base/errors.ts";
import { wholeQuantity } from "../../kube/quantity.ts";
import type { ResourceTable } from "../../kube/resource-table.ts";
import type { Dependencies, Existing, PlanOptions, TransformFile } from "../../recover/plan/plan.ts";
import type { CommandContext } from "../context.ts";
import { assertSwapOptions, restoreSwap } from "../restore-swap.ts";
import { restorePathCommand } from "./restore-path.ts";
import { runRestore } from "../run-restore.ts";

export interface RestoreOptions {
  readonly toNamespace?: string;
  readonly namePrefix?: string;
  readonly storageClass: readonly string[];
  readonly transform?: string;
  readonly only?: string;
  /** Of files in a volume. */
  readonly path?: string;
  readonly existing: Existing;
  readonly dependencies: Dependencies;
  readonly dryRun?: boolean;
  readonly plan?: string;
  readonly volumesOnly?: boolean;
  readonly objectsOnly?: boolean;
  readonly volumeSize: readonly string[];
  readonly accessMode: readonly string[];
  readonly swap?: boolean;
  readonly ownersPaused?: boolean;
  readonly blueprints: readonly string[];
  readonly maxSpeed?: boolean;
  readonly wait: string | false;
}

export async function restore(name: string, given: RestoreOptions, command: Command, context: CommandContext): Promise<void> {
  if (given.path !== undefined) {
    await restorePathCommand(name, given.path, given, command, context);
    return;
  }
  const { dryRun = false, plan, maxSpeed = false, wait } = given;
  if (given.swap === true) {
    assertSwapOptions(command);
    const { toNamespace, only, ownersPaused = false } = given;
    const claims = only?.split(",").map((text) => parseClaim(text.trim()));
    return restoreSwap(name, { toNamespace, only: claims, ownersPaused, dryRun, wait }, command, context);
  }
  if (given.ownersPaused === true) {
    throw new DomainError("usage", "owners_paused", "Cannot use --owners-paused without --swap: nothing is stopped", {
      hint: "Leave it out",
    });
  }
  if (plan !== undefined && !dryRun) assertPlainOptions(command);
  await runRestore(
    name,
    { planOptions: (table) => readOptions(given, table), dryRun, plan, maxSpeed, wait, blueprints: given.blueprints },
    command,
    context,
  );
}

/** `pvc/data`, or `data`. @throws {DomainError} usage/restore_only_form */
function parseClaim(text: string): string {
  const [kind = "", name = kind, ...more] = text.split("/");
  const isClaim = name === kind || ["pvc", "persistentvolumeclaim", "persistentvolumeclaims"].includes(kind.toLowerCase());
  if (isClaim && name !== "" && more.length === 0) return `PersistentVolumeClaim/${name}`;
  throw new DomainError("usage", "restore_only_form", `Cannot exchange only "${text}": not of the form PersistentVolumeClaim/NAME`);
}

async function readOptions(given: RestoreOptions, table: ResourceTable): Promise<PlanOptions> {
  const { existing, dependencies, toNamespace, namePrefix, storageClass, transform, only, volumesOnly, objectsOnly } = given;
  const { volumeSize, accessMode } = given;
  if (volumesOnly === true && objectsOnly === true) {
    throw new DomainError("usage", "restore_nothing", "Cannot restore volumes only and objects only: that is nothing", {
      hint: "Leave out one of --volumes-only and --objects-only",
    });
  }
  const storageClasses = parseStorageClasses(storageClass);
  return {
    existing,
    dependencies,
    ...(toNamespace === undefined ? {} : { toNamespace }),
    ...(namePrefix === undefined ? {} : { namePrefix }),
    ...(storageClasses === undefined ? {} : { storageClasses }),
    ...(transform === undefined ? {} : { transform: await readTransform(transform) }),
    ...(volumesOnly === true ? { volumes: "only" } : objectsOnly === true ? { volumes: "none" } : {}),
    ...(volumeSize.length === 0 ? {} : { volumeSizes: Object.fromEntries(volumeSize.map(parseVolumeSize)) }),
    ...(accessMode.length === 0 ? {} : { accessModes: Object.fromEntries(accessMode.map(parseAccessMode)) }),
    ...(only === undefined ? {} : { only: only.split(",").map((text) => parseOnly(text.trim(), table)) }),
  };
}

/** undefined: all as they are. @throws {DomainError} usage/restore_storage_class */
export function parseStorageClasses(texts: readonly string[]): Readonly<Record<string, string>> | undefined {
  return texts.length === 0 ? undefined : Object.fromEntries(texts.map(parseStorageClass));
}

function parseStorageClass(text: string): readonly [string, string] {
  return parsePair(text) ?? refuse("restore_storage_class", "--storage-class", text, "not of the form old=new");
}

/** @throws {DomainError} usage/restore_volume_size */
function parseVolumeSize(text: string): readonly [string, string] {
  const pair = parsePair(text);
  if (pair !== undefined && (wholeQuantity(pair[1]) ?? 0) > 0) return pair;
  return refuse("restore_volume_size", "--volume-size", text, "not of the form CLAIM=SIZE, as in data=20Gi");
}

/** @throws {DomainError} usage/restore_access_mode */
function parseAccessMode(text: string): readonly [string, string] {
  const pair = parsePair(text);
  if (pair !== undefined && ACCESS_MODES.includes(pair[1])) return pair;
  return refuse("restore_access_mode", "--access-mode", text, `not of the form CLAIM=MODE, with one of ${ACCESS_MODES.join(", ")}`);
}

const ACCESS_MODES = ["ReadWriteOnce", "ReadWriteOncePod", "ReadOnlyMany", "ReadWriteMany"];

function parsePair(text: string): readonly [string, string] | undefined {
  const [from = "", to = "", ...more] = text.split("=");
  return from !== "" && to !== "" && more.length === 0 ? [from, to] : undefined;
}

function refuse(code: string, option: string, text: string, state: string): never {
  throw new DomainError("usage", code, `Cannot use ${option} "${text}": ${state}`);
}

/** `deploy/web` is `Deployment/web`; a kind that the cluster does not know may be in the point. @throws {DomainError} usage/restore_only */
export function parseOnly(text: string, table: ResourceTable): string {
  const [kind = "", name = "", ...more] = text.split("/");
  if (kind === "" || name === "" || more.length > 0) {
    throw new DomainError("usage", "restore_only_form", `Cannot restore only "${text}": not of the form KIND/NAME`, {
      hint: 'Write it as in "Deployment/web,ConfigMap/web"',
    });
  }
  try {
    return `${table.find(kind).kind}/${name}`;
  } catch (error) {
    if (error instanceof DomainError && error.code === "kube_no_resource") return text;
    throw error;
  }
}

export async function readTransform(path: string): Promise<TransformFile> {
  try {
    return { file: path, text: await readFile(path, "utf8") };
  } catch (cause) {
    throw new DomainError("usage", "transform_file", `Cannot read transform "${path}"`, { cause });
  }
}

/** A plan has its options in it. */
const PLANNED_OPTIONS: ReadonlySet<string> = new Set([
  "toNamespace",
  "namePrefix",
  "storageClass",
  "transform",
  "only",
  "volumesOnly",
  "objectsOnly",
  "volumeSize",
  "accessMode",
  "existing",
  "dependencies",
]);

function assertPlainOptions(command: Command): void {
  const isGiven = (name: string): boolean => PLANNED_OPTIONS.has(name) && command.getOptionValueSource(name) === "cli";
  const flags = command.options.filter((option) => isGiven(option.attributeName())).map(({ long }) => long);
  if (flags.length === 0) return;
  throw new DomainError("usage", "plan_options", `Cannot execute a plan with ${flags.join(", ")}: it has its options in it`, {
    hint: "Make another plan with --dry-run, or leave them out",
  });
}
