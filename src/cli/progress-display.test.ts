import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../base/testing/fake-clock.ts";
import { ProgressDisplay } from "./progress-display.ts";
import type { ProgressMode } from "./progress-modes.ts";
import { FakeTerminal } from "./testing/fake-terminal.ts";

const MIB = 1024 * 1024;
const CLEAR = "\r\x1b[K";

function start(mode: ProgressMode, columns = 0): { display: ProgressDisplay; terminal: FakeTerminal; clock: FakeClock } {
  const terminal = new FakeTerminal(columns);
  const clock = new FakeClock();
  return { display: new ProgressDisplay({ mode, stderr: terminal, clock }), terminal, clock };
}

const READING = { stage: "Reading", doneBytes: 0, totalBytes: 100 * MIB, doneItems: 0 };

test("ProgressDisplay shows share, amounts, rate and time left on a terminal, and clears its line at the end", async () => {
  const { display, terminal, clock } = start("auto", 120);
  display.sink(READING);
  assert.equal(terminal.take(), `${CLEAR}Reading  0 %  0 B of 100 MiB`);
  await clock.advance(2000);
  display.sink({ ...READING, doneBytes: 20 * MIB, doneItems: 1234, totalItems: 5000 });
  assert.equal(terminal.take(), `${CLEAR}Reading  20 %  20 MiB of 100 MiB  1,234 of 5,000  10 MiB/s  8 s left`);
  display[Symbol.dispose]();
  assert.equal(terminal.take(), CLEAR);
});

test("ProgressDisplay draws at most five times a second", async () => {
  const { display, terminal, clock } = start("text", 80);
  let drawn = 0;
  for (let step = 0; step <= 1000; step++) {
    display.sink({ ...READING, doneItems: step });
    if (terminal.take() !== "") drawn++;
    await clock.advance(1);
  }
  assert.equal(drawn, 6);
});

test("ProgressDisplay follows a rate that changes", async () => {
  const { display, terminal, clock } = start("auto", 120);
  let doneBytes = 0;
  for (let second = 0; second < 40; second++) {
    display.sink({ ...READING, totalBytes: undefined, doneBytes });
    await clock.advance(1000);
    doneBytes += second < 20 ? 8 * MIB : 2 * MIB;
  }
  assert.match(terminal.take(), /2\.0 MiB\/s$/);
});

test("ProgressDisplay keeps its line within the terminal and 80 columns, and cuts the path at its start", async () => {
  for (const [columns, width] of [
    [200, 80],
    [60, 59],
  ] as const) {
    const { display, terminal } = start("auto", columns);
    display.sink({ ...READING, current: `/home/${"x".repeat(100)}/end` });
    const line = terminal.take().slice(CLEAR.length);
    assert.equal(line.length, width);
    assert.match(line, /^Reading {2}0 % {2}0 B of 100 MiB {2}…x+\/end$/);
  }
  const { display, terminal } = start("auto", 10);
  display.sink(READING);
  assert.equal(terminal.take(), `${CLEAR}Reading  `);
});

test("ProgressDisplay puts messages above its line", () => {
  const { display, terminal } = start("auto", 80);
  display.message("first");
  assert.equal(terminal.take(), "first\n");
  display.sink(READING);
  terminal.take();
  display.message("second");
  assert.equal(terminal.take(), `${CLEAR}second\n${CLEAR}Reading  0 %  0 B of 100 MiB`);
});

test("ProgressDisplay writes a plain line every 30 seconds where there is no terminal", async () => {
  const { display, terminal, clock } = start("text");
  for (let second = 0; second <= 70; second++) {
    display.sink({ ...READING, doneBytes: second * MIB });
    await clock.advance(1000);
  }
  display[Symbol.dispose]();
  const lines = [
    "Reading  30 %  30 MiB of 100 MiB  1.0 MiB/s  1 min 10 s left",
    "Reading  60 %  60 MiB of 100 MiB  1.0 MiB/s  40 s left",
    "",
  ];
  assert.equal(terminal.take(), lines.join("\n"));
});

test("ProgressDisplay writes lines of JSON, the last of each stage among them, and the traffic at the end", async () => {
  const { display, terminal, clock } = start("json", 80);
  display.sink(READING);
  await clock.advance(100);
  display.sink({ ...READING, doneBytes: 5 });
  await clock.advance(100);
  display.sink({ stage: "Writing", doneBytes: 0, doneItems: 1 });
  const traffic = { requests: 0, bytesSent: 0, bytesReceived: 0 };
  display.watch("file:///a", traffic);
  traffic.requests = 3;
  display[Symbol.dispose]();
  const lines = terminal.take().trim().split("\n");
  assert.deepEqual(
    lines.map((line) => JSON.parse(line) as unknown),
    [
      ...[READING, { ...READING, doneBytes: 5 }, { stage: "Writing", doneBytes: 0, doneItems: 1 }].map((progress) => ({ progress })),
      { traffic: { url: "file:///a", requests: 3, bytesSent: 0, bytesReceived: 0 } },
    ],
  );
});

test("ProgressDisplay shows only messages where it is off, or by itself where there is no terminal", () => {
  for (const { display, terminal } of [start("none", 80), start("auto")]) {
    display.sink(READING);
    display.message("message");
    display[Symbol.dispose]();
    assert.equal(terminal.take(), "message\n");
  }
});
