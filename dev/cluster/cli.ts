/** The commands `dev/cluster/up`, `down`, `status` and `load`: each is a call of this program with its name as first argument. */
import { Command, Option } from "commander";
import { DomainError } from "../../src/base/errors.ts";
import { runAsProcess } from "../../src/cli/run-as-process.ts";
import { runCommand } from "../../src/cli/run-command.ts";
import { down } from "./down.ts";
import { load } from "./load.ts";
import { findOwner } from "./owner.ts";
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

function createProgram(signal: AbortSignal): Command {
  const program = new Command("dev/cluster").description("Real Kubernetes clusters for development, on this machine");
  const command = (name: string, description: string, ...examples: string[]): Command =>
    program
      .command(name)
      .description(description)
      .addHelpText("after", `\nExamples:\n${examples.map((example) => `  dev/cluster/${example}`).join("\n")}`);
  const named = new Option("--name <name>", "Name of the cluster").default(DEFAULT_NAME);

  command(
    "up",
    "Start or repair a cluster, and print the line that points kubectl at it",
    "up",
    "up --name b --nodes 2",
    'eval "$(dev/cluster/up)"',
  )
    .addOption(named)
    .option("--nodes <number>", `Nodes, each in a zone of its own, 1 to ${MAX_NODES}`, "1")
    .option("--version <minor>", `Kubernetes version: ${VERSIONS.join(", ")}; the older ones are control planes only`, VERSIONS[0])
    .option("--control-plane-only", "No nodes: etcd, API server and controllers")
    .option("--owner <pid>", "Process after whose end anybody's next up removes the cluster")
    .action(async (options: UpOptions) => {
      requireRoot("start");
      const kubeconfig = await up(await parseUp(options), signal);
      process.stdout.write(`export KUBECONFIG=${kubeconfig}\n`);
    });

  command("down", "Remove a cluster and everything in it", "down --name b", "down --all")
    .addOption(named)
    .option("--all", "Remove every cluster on this machine")
    .action(async (options: { readonly name: string; readonly all?: true }) => {
      requireRoot("end");
      for (const name of options.all === true ? await listNames() : [parseName(options.name)]) await down(name, signal);
    });

  command("status", "Show what runs", "status", "status -o json")
    .addOption(new Option("-o, --output <format>", "Format").choices(["text", "json"]).default("text"))
    .action(async ({ output }: { readonly output: "text" | "json" }) => {
      requireRoot("see");
      const clusters = await status();
      process.stdout.write(output === "json" ? `${JSON.stringify(clusters, undefined, 2)}\n` : statusTable(clusters));
    });

  command("load", "Build images of dev/images where needed and put them on every node", "load postgres redis")
    .argument("<image...>", "Names of images")
    .addOption(named)
    .action(async (images: readonly string[], { name }: { readonly name: string }) => {
      requireRoot("change");
      for (const reference of await load(parseName(name), images, signal)) process.stdout.write(`${reference}\n`);
    });
  return program;
}

async function parseUp(options: UpOptions): Promise<Parameters<typeof up>[0]> {
  const name = parseName(options.name);
  const nodes = Number(options.nodes);
  if (!Number.isInteger(nodes) || nodes < 1 || nodes > MAX_NODES) {
    throw new DomainError("usage", "cluster_nodes", `Cannot start "${options.nodes}" nodes: the number must be 1 to ${MAX_NODES}`);
  }
  const version = parseVersion(options.version);
  const owner = options.owner === undefined ? undefined : await findOwner(Number(options.owner));
  if (options.owner !== undefined && owner === undefined) {
    throw new DomainError("usage", "cluster_owner", `Cannot start a cluster for process "${options.owner}": there is no such process`);
  }
  return { name, nodes, version, controlPlaneOnly: options.controlPlaneOnly === true || version !== VERSIONS[0], owner };
}

function requireRoot(what: string): void {
  if (process.platform === "linux" && process.getuid?.() === 0) return;
  const why = process.platform === "linux" ? "namespaces and mounts need root" : "this is not Linux";
  throw new DomainError("forbidden", "root_needed", `Cannot ${what} a cluster: ${why}`, { hint: "Run the command as root on Linux" });
}

await runAsProcess((signal) => runCommand(createProgram(signal), process.argv.slice(2)));
