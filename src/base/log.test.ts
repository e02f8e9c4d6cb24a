import assert from "node:assert/strict";
import { test } from "node:test";
import { DomainError } from "./errors.ts";
import { createLogger, type Logger, type LogLevel } from "./log.ts";
import { FakeClock } from "./testing/fake-clock.ts";

async function testLogger(level: LogLevel): Promise<{ log: Logger; lines: () => Record<string, unknown>[] }> {
  const written: string[] = [];
  const destination = { write: (line: string): number => written.push(line) };
  const log = await createLogger({ level, clock: new FakeClock(0), destination });
  return { log, lines: () => written.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

test("createLogger() writes one JSON object a line, with the clock's time", async () => {
  const { log, lines } = await testLogger("info");
  log.info("Point written", { point: "01", sizeBytes: 5n });
  assert.deepEqual(lines(), [{ level: "info", time: "1970-01-01T00:00:00.000Z", point: "01", sizeBytes: "5", message: "Point written" }]);
});

test("createLogger() leaves out what is below its level", async () => {
  const { log, lines } = await testLogger("warn");
  log.debug("a");
  log.info("b");
  log.warn("c");
  log.error("d");
  assert.deepEqual(
    lines().map((line) => line["message"]),
    ["c", "d"],
  );
});

test("createLogger() redacts fields named like secrets at any depth, in children too, and keeps the rest", async () => {
  const { log, lines } = await testLogger("info");
  const location = { bucket: "b", secretAccessKey: "s1", headers: [{ Authorization: "s2" }], keys: { private_key: "s3" } };
  log.child({ apiToken: "s4", unit: "shop" }).info("x", { location, password: "s5", raw: new Uint8Array(3) });
  const [line] = lines();
  assert.doesNotMatch(JSON.stringify(line), /s[1-5]/);
  assert.deepEqual([line?.["unit"], line?.["apiToken"], line?.["raw"]], ["shop", "[redacted]", "[3 bytes]"]);
  assert.deepEqual(line?.["location"], {
    bucket: "b",
    secretAccessKey: "[redacted]",
    headers: [{ Authorization: "[redacted]" }],
    keys: { private_key: "[redacted]" },
  });
});

test("createLogger() writes errors as their JSON form and survives loops", async () => {
  const { log, lines } = await testLogger("info");
  const loop: Record<string, unknown> = {};
  loop["self"] = loop;
  log.error("Backup failed", {
    error: new DomainError("locked", "repository_locked", "x", { details: { holder: "h", token: "s1" } }),
    loop,
  });
  const [line] = lines();
  const error = line?.["error"] as Record<string, unknown>;
  assert.deepEqual([error["kind"], error["exitCode"], error["details"]], ["locked", 11, { holder: "h", token: "[redacted]" }]);
});
