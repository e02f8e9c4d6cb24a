/** A backup program as the benchmark sees it: command lines. */
import { type CaseName } from "../cases.ts";
import { type DataPaths } from "../data/sets.ts";

/** Where a repository lies: an empty folder, or a bucket of its own. */
export type Place =
  | { readonly kind: "local"; readonly folder: string }
  | {
      readonly kind: "s3";
      readonly endpoint: string;
      readonly region: string;
      readonly bucket: string;
      readonly accessKeyId: string;
      readonly secretAccessKey: string;
    };

export interface Task {
  readonly place: Place;
  readonly data: DataPaths;
  /** An existing folder for caches and settings. */
  readonly stateFolder: string;
  /** Does not exist yet when the restore begins. */
  readonly restoreFolder: string;
  readonly password: string;
}

export type CommandLine = readonly [program: string, ...args: string[]];

export interface CaseCommands {
  /** Needed before, not measured. */
  readonly before?: readonly CommandLine[];
  readonly measured: CommandLine;
}

export interface Tool {
  readonly name: string;
  readonly version: string;
  /** The cases it differs in from the tool that it is a variant of; without: all. */
  readonly only?: readonly CaseName[];
  /** Secrets go here, never among arguments. */
  readonly environment: (task: Task) => Readonly<Record<string, string>>;
  /** Makes the empty repository; not measured. */
  readonly init: (task: Task) => readonly CommandLine[];
  readonly commands: (task: Task) => Readonly<Record<CaseName, CaseCommands>>;
}

/** The names by which programs take a key for S3 from their environment. */
export function s3Environment(place: Place): Readonly<Record<string, string>> {
  if (place.kind === "local") return {};
  return { AWS_ACCESS_KEY_ID: place.accessKeyId, AWS_SECRET_ACCESS_KEY: place.secretAccessKey, AWS_REGION: place.region };
}
