/** A swap that is killed at any moment is brought to its end by whoever comes next. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { listRuns } from "../../src/run/records.ts";
import { SKIP_WITHOUT_CLUSTER } from "../support/needs.ts";
import { runProgram } from "../support/program.ts";
import { assertAsBefore, RETENTION, serving, swapWorld } from "../support/swap-world.ts";

const skip = SKIP_WITHOUT_CLUSTER;

/** The records of a swap, in their order, are: its header, the new volume kept, reserved, the old one kept, the claims retained, the pods stopped, the exchange, serving, ready. */
const KILLS: readonly { readonly record: number; readonly afterMs: number }[] = [
  { record: 5, afterMs: 100 },
  { record: 7, afterMs: 700 },
  { record: 7, afterMs: 1_400 },
  { record: 8, afterMs: 0 },
  { record: 9, afterMs: 0 },
];

test("a swap that is killed at any step is ended by undoing it, on the old volume or the restored one", { skip }, async (t) => {
  const world = await swapWorld(t);
  const { cluster, location } = world;
  await serving(world, { persistentVolumeClaimRetentionPolicy: RETENTION });
  let [volume, content] = [await world.volumeOf("data-db-0"), "old"];
  for (const [index, dieAt] of KILLS.entries()) {
    const filled = await world.fill(`restored-${index}`);
    const setting = { ...world.setting(["data-db-0"], [filled]), dieAt };
    const killed = await runProgram(process.execPath, [join(import.meta.dirname, "../support/swap-process.ts"), JSON.stringify(setting)]);
    const run = (await listRuns(location, undefined, {})).at(-1);
    const moment = `killed ${dieAt.afterMs} ms after record ${dieAt.record}`;
    assert.ok(run !== undefined);
    if (killed.exitCode === -1) {
      assert.equal(run.end, undefined, moment);
      const { report } = await world.undo(run.header.id);
      t.diagnostic(`${moment}: ${report !== undefined && "outcome" in report ? report.outcome : ""}`);
      assert.ok(report !== undefined && "outcome" in report, moment);
      if (report.outcome === "succeeded") [volume, content] = [filled.persistentVolume, `restored-${index}`];
    } else {
      t.diagnostic(`${moment}: it was faster`);
      assert.equal(killed.exitCode, 0, killed.stderr);
      [volume, content] = [filled.persistentVolume, `restored-${index}`];
    }
    assert.equal(await world.content(), content, moment);
    await assertAsBefore(world, volume);
    await world.release(run.header.id);
  }
  const left = await cluster.kubectl("get", "pv", "-o", "jsonpath={range .items[*]}{.spec.claimRef.namespace} {end}");
  assert.equal(left.split(" ").filter((one) => one === world.namespace).length, 1);
});
