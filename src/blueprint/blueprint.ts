/**
 * How one kind of database is recognised, quiesced, dumped, loaded and checked, by commands that its containers have already. A blueprint
 * is a YAML file; Holdfast brings some along, and a user's of the same name replaces one.
 */

export interface Blueprint {
  readonly name: string;
  readonly description: string;
  /** Versions that it was tried on, as a test of Holdfast shows; undefined: nobody has, and output says so. */
  readonly tested: string | undefined;
  /** The file it stands in, for messages. */
  readonly file: string;
  readonly match: BlueprintMatch;
  /** Programs without which nothing of it works in a container. */
  readonly needs: readonly string[];
  /** Which of several pods is asked; the first ready one without it. */
  readonly replica: ReplicaChoice | undefined;
  /** Whether it could quiesce the database: run before anything is changed, it says on standard error why not. */
  readonly preflight: BlueprintCommand | undefined;
  readonly quiesce: SessionCommand | undefined;
  readonly dump: DumpCommand | undefined;
  readonly load: BlueprintCommand | undefined;
  readonly check: BlueprintCommand | undefined;
  /** Makes what is private unrecognisable in a copy; only `clone --mask` runs it. */
  readonly mask: BlueprintCommand | undefined;
}

/** One of them is enough. */
export interface BlueprintMatch {
  /** Repositories of images without registry and tag, with `*` for any letters: `postgres`, `*\/postgresql`. */
  readonly images: readonly string[];
  /** Labels of pods, all of a set; the value `*` is any. */
  readonly labels: readonly Readonly<Record<string, string>>[];
  /** Kinds of owners, near or far: `Cluster.postgresql.cnpg.io`. */
  readonly owners: readonly string[];
}

export interface BlueprintCommand {
  /** Program and arguments. A `script` of a file is one: `sh -c SCRIPT holdfast`, after the shell lines of its `prelude`. */
  readonly command: readonly string[];
  readonly timeoutMs: number;
}

/** Run in each pod; the one for which it prints `role` is asked. */
export interface ReplicaChoice extends BlueprintCommand {
  readonly role: string;
}

/**
 * One command that is held open. It gets one argument more: the seconds that it may hold the database. It prints the line `holdfast: frozen`
 * on its standard output when nothing is written any more, and thaws when its standard input ends or when those seconds are over. When
 * it has thawed it may print `holdfast: thawed MS`, the time for which anybody had to wait. Its exit code is 0 if nothing was written while it
 * was frozen, or 75 if the seconds were over; what it says on standard error is told to people. Its timeout is for getting frozen.
 */
export type SessionCommand = BlueprintCommand;

export interface DumpCommand extends BlueprintCommand {
  /** Name of the file below `/streams`. */
  readonly file: string;
  /** Whether volumes need not be captured when there is the dump. */
  readonly replacesVolumes: boolean;
}
