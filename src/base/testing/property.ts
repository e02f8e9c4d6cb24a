/**
 * fast-check with one seed for the whole run, taken from HOLDFAST_TEST_SEED. Without it fast-check draws its own; a
 * failure names its seed either way, and the test runner prints the one it hands down.
 */
import * as fc from "fast-check";

const seedText = process.env["HOLDFAST_TEST_SEED"];
if (seedText !== undefined) {
  const seed = Number(seedText);
  if (!Number.isInteger(seed)) throw new RangeError(`Cannot seed property tests: HOLDFAST_TEST_SEED is "${seedText}", not an integer`);
  fc.configureGlobal({ seed });
}

export { fc };
