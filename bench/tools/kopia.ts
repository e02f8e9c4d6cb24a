import { run } from "../../dev/host/run.ts";
import { kopiaBinary } from "../../dev/peers/kopia.ts";
import { type CommandLine, type Place, s3Environment, type Tool } from "./tool.ts";

/** kopia with its fastest zstd; it does not compress unless told. Its maintenance, which begins by itself after backups, is off. */
export async function kopiaTool(signal: AbortSignal): Promise<Tool> {
  const program = await kopiaBinary(signal);
  const version = (await run(program, ["--version"], { signal })).stdout.split(" ")[0];
  const line = (...args: string[]): CommandLine => [program, "--no-progress", ...args];
  return {
    name: "kopia",
    version: `kopia ${version}, zstd-fastest`,
    environment: ({ place, stateFolder, password }) => ({
      ...s3Environment(place),
      KOPIA_PASSWORD: password,
      KOPIA_CONFIG_PATH: `${stateFolder}/repository.config`,
      KOPIA_CACHE_DIRECTORY: `${stateFolder}/cache`,
      KOPIA_LOG_DIR: `${stateFolder}/logs`,
      KOPIA_CHECK_FOR_UPDATES: "false",
      KOPIA_USE_KEYRING: "false",
    }),
    init: ({ place }) => [
      line("repository", "create", ...storage(place)),
      line("policy", "set", "--global", "--compression=zstd-fastest"),
      line("maintenance", "set", "--enable-quick=false", "--enable-full=false"),
    ],
    commands: ({ data, restoreFolder }) => ({
      first: { measured: line("snapshot", "create", data.first) },
      unchanged: { measured: line("snapshot", "create", data.first) },
      restore: { measured: line("snapshot", "restore", data.first, restoreFolder) },
      check: { measured: line("snapshot", "verify") },
      "read-data": { measured: line("snapshot", "verify", "--verify-files-percent=100") },
      changed: { measured: line("snapshot", "create", data.changed) },
      prune: {
        before: [line("snapshot", "delete", "--all-snapshots-for-source", data.first, "--delete")],
        measured: line("maintenance", "run", "--full", "--safety=none"),
      },
    }),
  };
}

function storage(place: Place): string[] {
  if (place.kind === "local") return ["filesystem", `--path=${place.folder}`];
  const endpoint = new URL(place.endpoint).host;
  return ["s3", `--bucket=${place.bucket}`, `--endpoint=${endpoint}`, `--region=${place.region}`, "--disable-tls"];
}
