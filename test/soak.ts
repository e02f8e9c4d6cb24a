/** `make soak`: lives of repositories, one after the other, until so many runs had a mishap. Says where it stands; a seed repeats a life. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { systemClock } from "../src/base/clock.ts";
import { live, type LifeReport, newBorn } from "./support/soak.ts";

const SAY_EVERY = 1;

const { values } = parseArgs({ options: { rounds: { type: "string", default: "2000" }, seed: { type: "string", default: "1" } } });
const wanted = Number(values.rounds);
const folder = await mkdtemp(join(tmpdir(), "holdfast-soak-"));
const startMs = systemClock.monotonicMs();
const total = { killed: 0, cancelled: 0, "cut off": 0, prunes: 0, resumed: 0 };
try {
  const born = await newBorn();
  for (let seed = Number(values.seed), lives = 1; rounds() < wanted; seed++, lives++) {
    const report = await live(born, join(folder, "source"), seed).catch((error: unknown) => {
      console.error(`Failed: repeat it with --seed ${seed} --rounds 1`);
      throw error;
    });
    add(report);
    if (lives % SAY_EVERY === 0) say(`seed ${seed}`);
  }
  say("done");
} finally {
  await rm(folder, { recursive: true, force: true });
}

function add({ rounds: byKind, prunes, resumed }: LifeReport): void {
  for (const [kind, count] of Object.entries(byKind)) total[kind as keyof typeof byKind] += count;
  total.prunes += prunes;
  total.resumed += resumed;
}

function rounds(): number {
  return total.killed + total.cancelled + total["cut off"];
}

function say(where: string): void {
  const seconds = Math.round((systemClock.monotonicMs() - startMs) / 1_000);
  const kinds = `${total.killed} killed, ${total.cancelled} cancelled, ${total["cut off"]} without a store`;
  console.log(
    `${where}: ${rounds()} rounds (${kinds}; ${total.prunes} of prune), ${total.resumed} runs went on from records, ${seconds} s`,
  );
}
