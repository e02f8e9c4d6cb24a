/**
 * How one kind of database is recognised, quiesced, dumped, loaded and checked, by commands that its containers have already. A blueprint
 * is a YAML file; Holdfast brings some along, and a user's of the same name replaces one.
 */

export interface Blueprint {
  readonly name: string;
  readonly description: string;
  /** Versions that it was tried on, as a test of Holdfast shows; undefined: nobody has, and output says so. */
  readonly tested: string | undefined;
  readonly match: BlueprintMatch;
  /** Which of several pods is asked; the first ready one without it. */
  readonly replica: ReplicaChoice | undefined;
  readonly quiesce: SessionCommand | undefined;
  readonly dump: DumpCommand | undefined;
  readonly load: BlueprintCommand | undefined;
  readonly check: BlueprintCommand | undefined;
  /** Makes what is private unrecognisable in a copy; only `clone --mask` runs it. */
  readonly mask: BlueprintCommand | undefined;
}

/** One of them is enough. */
export interface BlueprintMatch {
  /** Repositories of images without registry and tag, with `*`: `postgres`, `*\/postgresql`. */
  readonly images: readonly string[];
  /** Labels of pods, all of a set. */
  readonly labels: readonly Readonly<Record<string, string>>[];
  /** Kinds of owners, near or far: `Cluster.postgresql.cnpg.io`. */
  readonly owners: readonly string[];
}

export interface BlueprintCommand {
  /** Program and arguments. */
  readonly command: readonly string[];
  readonly timeoutMs: number;
}

/** Run in each pod; the one for which it prints `role` is asked. */
export interface ReplicaChoice extends BlueprintCommand {
  readonly role: string;
}

/**
 * One command that is held open. It prints the line `holdfast: frozen` on its standard output when nothing is written any more, and thaws when its
 * standard input ends or when HOLDFAST_LIMIT_SECONDS, its first argument after the command, are over. Its exit code is then 0 if nothing was written
 * in between, or 75 if the limit was reached.
 */
export type SessionCommand = BlueprintCommand;

export interface DumpCommand extends BlueprintCommand {
  /** Name of the file below `/streams`. */
  readonly file: string;
  /** Whether volumes need not be captured when there is the dump. */
  readonly replacesVolumes: boolean;
}
