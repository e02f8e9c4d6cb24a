import assert from "node:assert/strict";
import { test } from "node:test";
import { GoTally } from "./go-tally.ts";

interface Event {
  readonly Action: string;
  readonly Package: string;
  readonly Test?: string;
  readonly Output?: string;
}

/** Events in the order in which `go test -json` gives them. */
function tallyOf(events: readonly Event[]): GoTally["tally"] {
  const counter = new GoTally();
  for (const event of events) counter.line(JSON.stringify(event));
  return counter.tally;
}

/** The events of a test that prints `output` and ends. */
function ended(Action: string, Test: string, output = ""): Event[] {
  const about = { Package: "m", Test };
  return [
    { ...about, Action: "run" },
    { ...about, Action: "output", Output: `=== RUN   ${Test}\n` },
    { ...about, Action: "output", Output: output },
    { ...about, Action: "output", Output: `--- ${Action.toUpperCase()}: ${Test} (0.00s)\n` },
    { ...about, Action },
  ];
}

const packageFailed: Event = { Action: "fail", Package: "m" };

test("GoTally counts subtests instead of their parent", () => {
  const events = [...ended("pass", "TestA/x"), ...ended("pass", "TestA/y"), ...ended("pass", "TestA"), ...ended("pass", "TestB")];
  assert.deepEqual(tallyOf([...events, { Action: "pass", Package: "m" }]), { passed: 3, failures: [], skips: [] });
});

test("GoTally counts a failed subtest once, not again for its parent and package", () => {
  const { failures } = tallyOf([...ended("fail", "TestA/x", "    a_test.go:3: no\n"), ...ended("fail", "TestA"), packageFailed]);
  assert.deepEqual(failures, [{ name: "m TestA/x", text: "=== RUN   TestA/x\n    a_test.go:3: no\n--- FAIL: TestA/x (0.00s)" }]);
});

test("GoTally counts a parent that fails by itself", () => {
  const { passed, failures } = tallyOf([...ended("pass", "TestA/x"), ...ended("fail", "TestA"), packageFailed]);
  assert.deepEqual([passed, failures.map(({ name }) => name)], [1, ["m TestA"]]);
});

test("GoTally counts a package that fails without a test: it does not build, or crashed", () => {
  const build = { Action: "output", Package: "m", Output: "FAIL\tm [build failed]\n" };
  assert.deepEqual(tallyOf([build, packageFailed]).failures, [{ name: "m", text: "FAIL\tm [build failed]" }]);
});

test("GoTally keeps the reason of a skip, and knows packages without tests are none", () => {
  const { skips } = tallyOf([
    ...ended("skip", "TestS", "    s_test.go:12: needs root\n"),
    ...ended("skip", "TestT"),
    { Action: "skip", Package: "n" },
  ]);
  assert.deepEqual(skips, [
    { name: "m TestS", reason: "needs root" },
    { name: "m TestT", reason: "no reason given" },
  ]);
});

test("GoTally passes over lines of the go command itself", () => {
  const counter = new GoTally();
  assert.equal(counter.line("go: downloading example.org/x v1.0.0"), undefined);
  assert.deepEqual(counter.tally, { passed: 0, failures: [], skips: [] });
});
