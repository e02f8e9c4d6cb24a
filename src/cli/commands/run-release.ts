/** `holdfast run release` */
import type { Command } from "commander";
import { listSetAside, release, type SetAsideVolume } from "../../recover/swap/release.ts";
import { assertSameCluster } from "../assert-cluster.ts";
import { openCluster } from "../cluster-options.ts";
import { confirm } from "../confirm.ts";
import type { CommandContext } from "../context.ts";
import { findRun } from "../find-run.ts";
import { runOnLocation } from "../location-run.ts";
import { writeResult } from "../output.ts";
import { recorded } from "../recorded.ts";
import { counted, shownText } from "../shown.ts";
import { formatTable } from "../table.ts";

export interface RunReleaseOptions {
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

const COLUMNS = [{ title: "Volume" }, { title: "Size", align: "right" }, { title: "Claim" }, { title: "Set aside" }] as const;

export async function runRelease(name: string, given: RunReleaseOptions, command: Command, context: CommandContext): Promise<void> {
  const { signal } = context;
  const { dryRun = false, yes = false } = given;
  await using api = await openCluster(command, context);
  await runOnLocation(command, context, async (run) => {
    const { header } = await findRun(run, name);
    await assertSameCluster(run, api, header);
    const volumes = await listSetAside(api, header.id, signal);
    if (!dryRun && volumes.length > 0) {
      if (!yes) {
        const question = `${tableOf(volumes)}\nDelete ${counted(volumes.length, "volume")} for good?`;
        await confirm(question, context, { what: `release run ${header.id}`, signal });
      }
      const what = { kind: "release", place: header, cluster: header.cluster, of: header.id, namespace: header.namespace } as const;
      await recorded(run, what, async () => {
        await release(api, volumes, run.report, signal);
        const isWhole = run.findings.every(({ grade }) => grade === "info");
        return { outcome: isWhole ? "succeeded" : "partial", facts: { volumes: volumes.map((volume) => volume.name) } };
      });
    }
    const value = { run: header.id, dryRun, volumes, findings: run.findings };
    writeResult(context, run.format, value, () => releasedText(volumes, header.id, dryRun));
  });
}

function releasedText(volumes: readonly SetAsideVolume[], id: string, dryRun: boolean): string {
  if (volumes.length === 0) return `Nothing is set aside by run ${id}`;
  return `${tableOf(volumes)}\n${dryRun ? "Would delete" : "Deleted"} ${counted(volumes.length, "volume")}`;
}

function tableOf(volumes: readonly SetAsideVolume[]): string {
  const rows = volumes.map(({ name, capacity, claim, setAside }) => [
    name,
    shownText(capacity),
    shownText(`${claim.namespace}/${claim.name}`),
    shownText(setAside.at),
  ]);
  return formatTable(COLUMNS, rows);
}
