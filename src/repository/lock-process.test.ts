import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { hostname } from "node:os";
import { test } from "node:test";
import { isProcessGone, looksGone, ownIdentity, processMark } from "./lock-process.ts";

test("isProcessGone() is certain of a process of this machine, running and ended", async () => {
  const child = spawn("sleep", ["100"]);
  await once(child, "spawn");
  const pid = child.pid ?? assert.fail();
  const mark = (await processMark(pid)) ?? assert.fail();
  assert.equal(await isProcessGone({ pid, process: mark }), false);
  child.kill();
  await once(child, "close");
  assert.equal(await isProcessGone({ pid, process: mark }), true);
  assert.equal(await processMark(pid), undefined);
});

test("isProcessGone() tells a later process of the same number apart, and leaves other machines and programs alone", async () => {
  const mark = (await processMark(process.pid)) ?? assert.fail();
  const [boot, namespace, pid, ticks] = mark.split("/");
  assert.equal(pid, String(process.pid));
  const isGone = (own: string | undefined): Promise<boolean> =>
    isProcessGone({ pid: process.pid, ...(own === undefined ? {} : { process: own }) });
  assert.equal(await isGone(`${boot}/${namespace}/${pid}/${Number(ticks) - 1}`), true);
  assert.equal(await isGone(`${boot}/pid:[1]/${pid}/1`), false);
  assert.equal(await isGone(`other/${namespace}/${pid}/1`), false);
  assert.equal(await isGone(undefined), false);
});

test("looksGone() goes by host name and number alone, as restic does", () => {
  assert.equal(looksGone({ hostname: "a", pid: 0x7fff_fffe }, { hostname: "a" }), true);
  assert.equal(looksGone({ hostname: "b", pid: 0x7fff_fffe }, { hostname: "a" }), false);
  assert.equal(looksGone({ hostname: "a", pid: process.pid }, { hostname: "a" }), false);
});

test("ownIdentity() says who runs, and is not gone", async () => {
  const own = await ownIdentity("holdfast/pod");
  assert.deepEqual([own.hostname, own.pid, own.process], ["holdfast/pod", process.pid, await processMark(process.pid)]);
  assert.equal(await isProcessGone(own), false);
  assert.equal((await ownIdentity()).hostname, hostname());
});
