/** Backups, restores and swaps of a database under writes in which something is killed at a random moment: each can be repeated, and nothing is left. */
import { randomInt } from "node:crypto";
import { test } from "node:test";
import { FaultRounds, type Round } from "../support/fault-rounds.ts";
import { faultWorld } from "../support/fault-world.ts";
import { SKIP_WITHOUT_CLUSTER } from "../support/needs.ts";
import { seededRandom } from "../support/random-faults.ts";

const skip = SKIP_WITHOUT_CLUSTER;
/** `make soak` chooses these at random, too. */
const ROUNDS: readonly Round[] = [
  { operation: "backup", victim: "command", cleaner: "next run" },
  { operation: "restore", victim: "command", cleaner: "next run" },
  { operation: "swap", victim: "command", cleaner: "gc" },
  { operation: "backup", victim: "mover", cleaner: "next run" },
  { operation: "restore", victim: "kubelet-node-1", cleaner: "next run" },
  { operation: "swap", victim: "kube-apiserver", cleaner: "next run" },
];

test(
  "what is killed at any moment of a backup, a restore or a swap breaks nothing that is not mended by doing it again",
  { skip },
  async (t) => {
    const seed = Number(process.env["HOLDFAST_FAULT_SEED"] ?? randomInt(1_000_000));
    const more = Number(process.env["HOLDFAST_FAULT_ROUNDS"] ?? 0);
    t.diagnostic(`HOLDFAST_FAULT_SEED=${seed}`);
    const world = await faultWorld(t);
    const rounds = new FaultRounds(world, seededRandom(seed));
    await rounds.begin();
    for (let number = 0; number < ROUNDS.length + more; number++) {
      const round = ROUNDS[number] ?? rounds.choose();
      const { operation, victim, cleaner } = round;
      await t.test(`${operation}, ${victim}, ${cleaner}`, async (one) => one.diagnostic(await rounds.run(round)));
    }
    const restic = await world.restic();
    // Those of commands that were killed.
    await restic.run("unlock");
    await restic.run("check", "--read-data");
  },
);
