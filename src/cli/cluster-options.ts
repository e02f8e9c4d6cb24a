/** The options of every command on a cluster. Loaded by `--help`, too: the client is imported when it is opened. */
import { resolve } from "node:path";
import type { Command } from "commander";
import packageJson from "../../package.json" with { type: "json" };
import type { KubeApi } from "../kube/kube-api.ts";
import type { CommandContext } from "./context.ts";

interface GivenOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
}

export function addClusterOptions(command: Command): Command {
  return command
    .option("--kubeconfig <file>", "How to reach the cluster (default: $KUBECONFIG, ~/.kube/config, or the pod that this runs in)")
    .option("--context <name>", "The context in it (default: its current one)");
}

/**
 * Opens the cluster of a command that has these options; nothing is sent yet. Close it with `await using`. The namespace of the
 * context is `access.namespace` of it.
 *
 * @throws {DomainError} as `loadAccess` does
 */
export async function openCluster(command: Command, context: CommandContext): Promise<KubeApi> {
  const { clock, environment, signal } = context;
  const given = command.opts<GivenOptions>();
  const file = given.kubeconfig === undefined ? undefined : resolve(given.kubeconfig);
  const [{ loadAccess }, { KubeApi }] = await Promise.all([import("../kube/kubeconfig/load.ts"), import("../kube/kube-api.ts")]);
  const access = await loadAccess({ environment, file, context: given.context, signal });
  // Asking for standard input opens it.
  const canAsk = access.user.plugin !== undefined && context.stdin.isTTY === true;
  return new KubeApi(access, {
    clock,
    environment,
    userAgent: `holdfast/${packageJson.version} (${process.platform}/${process.arch})`,
    terminal: canAsk ? { stderr: context.stderr } : undefined,
  });
}
