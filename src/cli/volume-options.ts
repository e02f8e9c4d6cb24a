/** The options that say how volumes are captured. Loaded by `--help`, too. */
import { type Command, Option } from "commander";
import { parseDuration } from "./duration.ts";
import { parseCount } from "./numbers.ts";

/** Those of src/capture/volumes/plan-volumes.ts. */
const CHOICES = ["auto", "snapshot", "live", "skip"] as const;

interface GivenOptions {
  readonly volumes: (typeof CHOICES)[number];
  readonly allowLive?: boolean;
  readonly snapshotClass?: readonly string[];
  readonly snapshotTimeout: string;
  readonly keepSnapshots?: string;
  readonly quiesceLimit: string;
  readonly blueprints?: readonly string[];
}

export interface VolumeOptions {
  readonly choice: (typeof CHOICES)[number];
  readonly allowLive: boolean;
  readonly snapshotClasses: readonly string[];
  readonly snapshotTimeoutMs: number;
  readonly keepSnapshots: number;
  readonly quiesceLimitMs: number;
  /** Files and folders of a user's own. */
  readonly blueprints: readonly string[];
}

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

export function addVolumeOptions(command: Command): Command {
  return command
    .addOption(new Option("--volumes <how>", "How volumes are captured; auto takes the best that is safe").choices(CHOICES).default("auto"))
    .option("--allow-live", "Read volumes without snapshots while they are in use; never those of a database")
    .option("--snapshot-class <name>", "The VolumeSnapshotClass of a driver that has several; may be repeated", collect)
    .option("--snapshot-timeout <duration>", "How long a snapshot may take until it is ready", "2h")
    .option("--keep-snapshots <count>", "Keep the snapshots of so many points on the storage, for a quick return")
    .option("--quiesce-limit <duration>", "The longest that a database may be held still", "30s")
    .option("--blueprints <path>", "A file or folder of blueprints of your own; may be repeated", collect);
}

/** @throws {DomainError} usage/duration, usage/count */
export function readVolumeOptions(command: Command): VolumeOptions {
  const given = command.opts<GivenOptions>();
  return {
    choice: given.volumes,
    allowLive: given.allowLive ?? false,
    snapshotClasses: given.snapshotClass ?? [],
    snapshotTimeoutMs: parseDuration(given.snapshotTimeout),
    keepSnapshots: given.keepSnapshots === undefined ? 0 : parseCount(given.keepSnapshots, "--keep-snapshots"),
    quiesceLimitMs: parseDuration(given.quiesceLimit),
    blueprints: given.blueprints ?? [],
  };
}
