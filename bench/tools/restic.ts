import { run } from "../../dev/host/run.ts";
import { resticBinary } from "../../dev/peers/restic.ts";
import { type CommandLine, s3Environment, type Tool } from "./tool.ts";

/** restic as it comes, and without the second look at what it is about to store. */
export async function resticTools(signal: AbortSignal): Promise<readonly Tool[]> {
  const program = await resticBinary(signal);
  const version = (await run(program, ["version"], { signal })).stdout.split(" ").slice(0, 2).join(" ");
  const plain = restic("restic", program, version, []);
  return [plain, { ...restic("restic --no-extra-verify", program, version, ["--no-extra-verify"]), only: ["first", "changed", "prune"] }];
}

function restic(name: string, program: string, version: string, flags: readonly string[]): Tool {
  const line = (...args: string[]): CommandLine => [program, ...args, ...flags];
  return {
    name,
    version,
    environment: ({ place, stateFolder, password }) => ({
      ...s3Environment(place),
      RESTIC_REPOSITORY: place.kind === "local" ? place.folder : `s3:${place.endpoint}/${place.bucket}`,
      RESTIC_PASSWORD: password,
      RESTIC_CACHE_DIR: stateFolder,
    }),
    init: () => [line("init")],
    commands: ({ data, restoreFolder }) => ({
      first: { measured: line("backup", data.first) },
      unchanged: { measured: line("backup", data.first) },
      restore: { measured: line("restore", `latest:${data.first}`, "--target", restoreFolder) },
      check: { measured: line("check") },
      "read-data": { measured: line("check", "--read-data") },
      changed: { measured: line("backup", data.changed) },
      prune: { before: [line("forget", "--group-by", "", "--keep-last", "1")], measured: line("prune") },
    }),
  };
}
