import { join } from "node:path";
import { cacheRoot } from "../../dev/host/cache.ts";
import { run } from "../../dev/host/run.ts";
import { type CaseName } from "../cases.ts";
import { type CommandLine, type Place, s3Environment, type Task, type Tool } from "./tool.ts";

const PROGRAM = join(import.meta.dirname, "../../bin/holdfast");

/** Holdfast as it comes, and with every blob verified before it is stored, as restic does. */
export async function holdfastTools(signal: AbortSignal): Promise<readonly Tool[]> {
  const version = (await run(PROGRAM, ["--version"], { signal })).stdout.trim();
  const writes: readonly CaseName[] = ["first", "changed"];
  return [
    holdfast("holdfast", version, []),
    { ...holdfast("holdfast --verify-writes all", version, ["--verify-writes", "all"]), only: writes },
  ];
}

function holdfast(name: string, version: string, backupFlags: readonly string[]): Tool {
  return {
    name,
    version: `holdfast ${version}`,
    environment: ({ place }) => ({
      ...s3Environment(place),
      HOLDFAST_REPOSITORY: repositoryUrl(place),
      // Kept from run to run, as on any machine where Holdfast has run before.
      NODE_COMPILE_CACHE: join(cacheRoot(), "bench-compiled"),
    }),
    init: (task) => [[PROGRAM, "repository", "init", "--key-out", keyFile(task), "--cache-dir", task.stateFolder]],
    commands: (task) => ({
      first: { measured: line(task, "files", "backup", ...whatIsIn(task.data.first, task), ...backupFlags) },
      unchanged: { measured: line(task, "files", "backup", ...whatIsIn(task.data.first, task), ...backupFlags) },
      restore: { measured: line(task, "files", "restore", `latest:${task.data.first}`, "--target", task.restoreFolder) },
      check: { measured: line(task, "repository", "check") },
      "read-data": { measured: line(task, "repository", "check", "--read-data") },
      changed: { measured: line(task, "files", "backup", ...whatIsIn(task.data.changed, task), ...backupFlags) },
      prune: {
        before: [line(task, "repository", "forget", "--keep-last", "1", "--group-by", "")],
        measured: line(task, "repository", "prune", "--grace", "0s"),
      },
    }),
  };
}

function whatIsIn(folder: string, { data: { image } }: Task): readonly string[] {
  return image === undefined ? [folder] : ["--image", join(folder, image)];
}

function line(task: Task, ...args: string[]): CommandLine {
  return [PROGRAM, ...args, "--cache-dir", task.stateFolder, "--password-file", keyFile(task)];
}

/** A repository of its own: with a key that it makes, not with a password that somebody chose. */
function keyFile(task: Task): string {
  return join(task.stateFolder, "key");
}

function repositoryUrl(place: Place): string {
  if (place.kind === "local") return place.folder;
  const query = new URLSearchParams({ endpoint: place.endpoint, region: place.region, pathStyle: "true" });
  return `s3://${place.bucket}?${query.toString()}`;
}
