import type { ClusterStatus } from "./status.ts";

/** The clusters as lines for a terminal; daemons that have ended are named below their cluster. */
export function statusTable(clusters: readonly ClusterStatus[]): string {
  if (clusters.length === 0) return "No cluster is on this machine\n";
  const rows = clusters.map((cluster) => [cluster.name, cluster.state, cluster.version, String(cluster.nodes), cluster.kubeconfig]);
  const table = [["NAME", "STATE", "VERSION", "NODES", "KUBECONFIG"], ...rows];
  const widths = table[0]?.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0))) ?? [];
  const lines = table.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  const ended = clusters.map(({ daemons }) =>
    daemons.filter((daemon) => daemon.ended !== undefined).map(({ name, ended: how }) => `  ${name} ended: ${how}`),
  );
  return [lines[0], ...clusters.flatMap((_, at) => [lines[at + 1], ...(ended[at] ?? [])]), ""].join("\n");
}
