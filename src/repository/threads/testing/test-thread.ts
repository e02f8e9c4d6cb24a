/** A thread for the tests of calls. */
import { parentPort, workerData } from "node:worker_threads";
import { DomainError } from "../../../base/errors.ts";
import { answerCalls, HandedOver } from "../calls.ts";

export interface TestCalls {
  readonly name: () => string;
  readonly double: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>;
  readonly refuse: (message: string) => never;
  /** Answered when `after` is. */
  readonly wait: () => void;
  readonly after: () => void;
  readonly crash: () => void;
  readonly exit: () => void;
}

const waiting = Promise.withResolvers<void>();

answerCalls<TestCalls>(parentPort, {
  name: () => workerData as string,
  double: (bytes) => {
    for (const [at, byte] of bytes.entries()) bytes[at] = 2 * byte;
    return new HandedOver(bytes, [bytes.buffer]);
  },
  refuse: (message) => {
    const cause = new Error("the cause");
    throw new DomainError("corrupt", "test_damage", message, { details: { at: 3 }, hint: "Do something", cause });
  },
  wait: async () => waiting.promise,
  after: () => waiting.resolve(),
  crash: async () => {
    setImmediate(() => {
      throw new Error("crashed");
    });
    await new Promise(() => undefined);
  },
  exit: () => process.exit(0),
});
