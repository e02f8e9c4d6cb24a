import assert from "node:assert/strict";
import { test } from "node:test";
import { MessageChannel } from "node:worker_threads";
import type { DomainError } from "../../base/errors.ts";
import { answerCalls, Caller } from "./calls.ts";
import type { TestCalls } from "./testing/test-thread.ts";
import { CalledThread, ThreadPool } from "./thread-pool.ts";

const FILE = new URL("testing/test-thread.ts", import.meta.url);

function start(name = "one"): CalledThread<TestCalls> {
  return new CalledThread(FILE, name);
}

test("call() gives the answer of the thread, whichever comes first", async () => {
  await using thread = start();
  const answers: string[] = [];
  const noted = async (name: "wait" | "after"): Promise<void> => {
    await thread.call(name, undefined);
    answers.push(name);
  };
  const both = Promise.all([noted("wait"), noted("after")]);
  assert.equal(thread.waiting, 2);
  await both;
  assert.deepEqual(answers.toSorted(), ["after", "wait"]);
  assert.equal(await thread.call("name", undefined), "one");
  assert.equal(thread.waiting, 0);
});

test("call() hands memory over, there and back", async () => {
  await using thread = start();
  const bytes = Uint8Array.of(1, 2, 3);
  const doubled = thread.call("double", bytes, { transfer: [bytes.buffer] });
  assert.equal(bytes.length, 0);
  assert.deepEqual(await doubled, Uint8Array.of(2, 4, 6));
});

test("call() throws what the thread does, with all that is said of it, and the thread goes on", async () => {
  await using thread = start();
  await assert.rejects(thread.call("refuse", "Cannot do it"), {
    name: "DomainError",
    kind: "corrupt",
    code: "test_damage",
    message: "Cannot do it",
    details: { at: 3 },
    hint: "Do something",
    cause: new Error("the cause"),
  });
  assert.equal(await thread.call("name", undefined), "one");
});

test("call() throws what cannot be sent, and nothing waits for it", async () => {
  await using thread = start();
  await assert.rejects(thread.call("double", (() => undefined) as never), { name: "DataCloneError" });
  assert.equal(thread.waiting, 0);
});

test("call() stops waiting when its signal aborts, and asks nothing more then", async () => {
  await using thread = start();
  const abort = new AbortController();
  const waiting = thread.call("wait", undefined, { signal: abort.signal });
  const reason = new Error("enough");
  abort.abort(reason);
  await assert.rejects(waiting, reason);
  const bytes = Uint8Array.of(1);
  await assert.rejects(thread.call("double", bytes, { signal: abort.signal, transfer: [bytes.buffer] }), reason);
  assert.equal(bytes.length, 1);
  await thread.call("after", undefined);
});

for (const [how, name] of [
  ["throws what nobody catches", "crash"],
  ["ends", "exit"],
] as const) {
  test(`call() fails for all that wait and all that come later when the thread ${how}`, async () => {
    await using thread = start();
    const waiting = [thread.call("wait", undefined), thread.call(name, undefined)];
    const [others, last] = await Promise.all(waiting.map(async (each) => each.catch((error: unknown) => error as DomainError)));
    for (const failure of [others, last]) {
      assert.deepEqual([failure?.kind, failure?.code], ["internal", "thread_ended"]);
      assert.equal((failure?.cause as Error | undefined)?.message, name === "crash" ? "crashed" : undefined);
    }
    await assert.rejects(thread.call("name", undefined), { code: "thread_ended" });
    assert.equal(thread.waiting, 0);
  });
}

test("call() fails for those that wait when the thread is disposed", async () => {
  let waiting: Promise<void>;
  {
    await using thread = start();
    waiting = thread.call("wait", undefined);
    waiting.catch(() => undefined);
  }
  await assert.rejects(waiting, { code: "thread_ended" });
});

test("a pool starts a thread when each has two calls, no more than its limit, and gives work to the one with the least", async () => {
  let started = 0;
  await using pool = new ThreadPool(2, () => start(`${++started}`));
  assert.equal(await pool.call("name", undefined), "1");
  assert.equal(await pool.call("name", undefined), "1");
  assert.equal(pool.threads.length, 1);
  const wait = async (): Promise<void> => pool.call("wait", undefined);
  const busy = [wait(), wait()];
  assert.equal(started, 1);
  busy.push(wait());
  assert.equal(started, 2);
  busy.push(wait(), wait(), wait());
  assert.equal(started, 2);
  assert.deepEqual(
    pool.threads.map(({ waiting }) => waiting),
    [3, 3],
  );
  await pool.threads[1]?.call("after", undefined);
  await Promise.all(busy.filter((_, at) => [2, 3, 5].includes(at)));
  assert.equal(await pool.call("name", undefined), "2");
  await pool.threads[0]?.call("after", undefined);
  await Promise.all(busy);
});

test("a port answers in the other direction, too, and bugs are named as such", async () => {
  const { port1, port2 } = new MessageChannel();
  interface Calls {
    readonly half: (value: number) => number;
  }
  answerCalls<Calls>(port1, {
    half: (value) => {
      if (value % 2 !== 0) throw new TypeError("odd");
      return value / 2;
    },
  });
  const caller = new Caller<Calls>(port2);
  assert.equal(await caller.call("half", 8), 4);
  await assert.rejects(caller.call("half", 3), { kind: "internal", code: "internal", message: "odd" });
  port1.close();
});
