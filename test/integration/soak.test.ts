/** A few of the lives that `make soak` goes through by the thousand. */
import { join } from "node:path";
import { test } from "node:test";
import { environment } from "../support/environment.ts";
import { live, newBorn } from "../support/soak.ts";

const LIVES = 2;
const FIRST_SEED = Number(process.env["HOLDFAST_TEST_SEED"] ?? Math.floor(Math.random() * 2 ** 31));

test("backups and prunes that are killed, cancelled or lose their store harm nothing, and the next ones finish what was begun", async (t) => {
  const folder = await environment(t).temporaryFolder();
  const born = await newBorn();
  for (let seed = FIRST_SEED; seed < FIRST_SEED + LIVES; seed++) {
    await t.test(`HOLDFAST_TEST_SEED=${seed}`, async (one) => {
      const { rounds, prunes, resumed } = await live(born, join(folder, "source"), seed);
      one.diagnostic(`${JSON.stringify(rounds)}, ${prunes} of prune, ${resumed} runs went on from records`);
    });
  }
});
