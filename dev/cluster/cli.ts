/** The programs `dev/cluster/up`, `down`, `status` and `load`: each calls this file with its name as first argument. */
import { Command, Option } from "commander";
import { DomainError } from "../../src/base/errors.ts";
import { runAsProcess } from "../../src/cli/run-as-process.ts";
import { runCommand } from "../../src/cli/run-command.ts";
import { IMAGES } from "../images/images.ts";
import { down } from "./down.ts";
import { load } from "./load.ts";
import { identify } from "./process-identity.ts";
import { MAX_NODES, parseName, parseVersion, VERSIONS } from "./spec.ts";
import { status } from "./status.ts";
import { statusTable } from "./status-table.ts";
import { listNames } from "./store.ts";
import { up } from "./up.ts";

const DEFAULT_NAME = "dev";

interface UpOptions {
  readonly name: string;
  readonly nodes: string;
  readonly version: string;
  readonly controlPlaneOnly?: true;
  readonly owner?: string;
}

function createProgram(verb: string, signal: AbortSignal): Command {
  const program = (description: string, ...examples: string[]): Command =>
    new Command(`dev/cluster/${verb}`)
      .description(description)
      .helpOption("-h, --help", "Print help")
      .addHelpText("after", `\nExamples:\n${examples.map((example) => `  ${example}`).join("\n")}`);
  const name = new Option("--name <name>", "Name of the cluster").default(DEFAULT_NAME);
  switch (verb) {
    case "up":
      return program(
        "Start or repair a cluster, and print the line that points kubectl at it",
        'eval "$(dev/cluster/up)"',
        "dev/cluster/up --name b --nodes 2",
        "dev/cluster/up --name old --version 1.33",
      )
        .addOption(name)
        .option("--nodes <number>", `Nodes, each in a zone of its own, 1 to ${MAX_NODES}`, "1")
        .option("--version <minor>", `Kubernetes: ${VERSIONS.join(", ")}; older ones are control planes only`, VERSIONS[0])
        .option("--control-plane-only", "No nodes: etcd, API server and controllers")
        .option("--owner <pid>", "Process after whose end anybody's next up removes the cluster")
        .action(async (options: UpOptions) => {
          requireRoot("start a cluster");
          process.stdout.write(`export KUBECONFIG=${await up(await parseUp(options), signal)}\n`);
        });
    case "down":
      return program("Remove a cluster and everything in it", "dev/cluster/down --name b", "dev/cluster/down --all")
        .addOption(name)
        .option("--all", "Remove every cluster on this machine")
        .action(async (options: { readonly name: string; readonly all?: true }) => {
          requireRoot("end a cluster");
          for (const wanted of options.all === true ? await listNames() : [parseName(options.name)]) await down(wanted, signal);
        });
    case "status":
      return program("Show the clusters of this machine", "dev/cluster/status", "dev/cluster/status -o json")
        .addOption(new Option("-o, --output <format>", "Format").choices(["text", "json"]).default("text"))
        .action(async ({ output }: { readonly output: "text" | "json" }) => {
          requireRoot("look into clusters");
          const clusters = await status();
          process.stdout.write(output === "json" ? `${JSON.stringify(clusters, undefined, 2)}\n` : statusTable(clusters));
        });
    case "load":
      return program("Build images of dev/images where needed and put them on every node", "dev/cluster/load postgres redis")
        .argument("<image...>", `Names of images: ${IMAGES.map((image) => image.name).join(", ")}`)
        .addOption(name)
        .action(async (images: readonly string[], options: { readonly name: string }) => {
          requireRoot("load images into a cluster");
          for (const reference of await load(parseName(options.name), images, signal)) process.stdout.write(`${reference}\n`);
        });
    default:
      throw new DomainError("internal", "unknown_verb", `Cannot run "${verb}": no such program in dev/cluster`);
  }
}

async function parseUp(options: UpOptions): Promise<Parameters<typeof up>[0]> {
  const name = parseName(options.name);
  const nodes = Number(options.nodes);
  if (!Number.isInteger(nodes) || nodes < 1 || nodes > MAX_NODES) {
    throw new DomainError("usage", "cluster_nodes", `Cannot start "${options.nodes}" nodes: the number must be 1 to ${MAX_NODES}`);
  }
  const version = parseVersion(options.version);
  const owner = options.owner === undefined ? undefined : await identify(Number(options.owner));
  if (options.owner !== undefined && owner === undefined) {
    throw new DomainError("usage", "cluster_owner", `Cannot start a cluster for process "${options.owner}": there is no such process`);
  }
  return { name, nodes, version, controlPlaneOnly: options.controlPlaneOnly === true || version !== VERSIONS[0], owner };
}

function requireRoot(what: string): void {
  if (process.platform === "linux" && process.getuid?.() === 0) return;
  const why = process.platform === "linux" ? "namespaces and mounts need root" : "this is not Linux";
  throw new DomainError("forbidden", "root_needed", `Cannot ${what}: ${why}`, { hint: "Run the command as root on Linux" });
}

const [, , verb = "", ...args] = process.argv;
await runAsProcess(async (signal) => runCommand(createProgram(verb, signal), args));
