/**
 * Questions between threads, each with its answer: who asks has a Caller at its end of a port, who answers has answerCalls() at the
 * other. What the answering side throws is thrown where it was asked.
 */
import type { MessagePort, Transferable, Worker } from "node:worker_threads";
import { orAbort } from "../../base/concurrency.ts";
import { asDomainError, DomainError } from "../../base/errors.ts";

/** By name: what is asked and answered. Both are copied between threads, or handed over. */
export type CallTable<Calls> = { readonly [Name in keyof Calls]: (asked: never) => unknown };

export type Asked<Call> = Call extends (asked: infer Value) => unknown ? Value : never;
export type Answered<Call> = Call extends (asked: never) => infer Value ? Value : never;

type Answer<Value> = Value | HandedOver<Value>;

export type CallHandlers<Calls extends CallTable<Calls>> = {
  readonly [Name in keyof Calls]: (asked: Asked<Calls[Name]>) => Answer<Answered<Calls[Name]>> | Promise<Answer<Answered<Calls[Name]>>>;
};

export interface AskOptions {
  /** The answer is not waited for any longer; the question is answered all the same. */
  readonly signal?: AbortSignal | undefined;
  /** Memory in the question that is handed over. */
  readonly transfer?: readonly Transferable[];
}

type Port = MessagePort | Worker;
/** Classes do not survive the way between threads. */
type PlainError = Pick<DomainError, "kind" | "code" | "message" | "details" | "hint" | "cause">;

interface Question {
  readonly number: number;
  readonly name: string;
  readonly asked: unknown;
}

type Reply = { readonly number: number; readonly answer: unknown } | { readonly number: number; readonly error: PlainError };

/** An answer with memory in it that is handed over. */
export class HandedOver<Value> {
  readonly answer: Value;
  readonly transfer: readonly Transferable[];

  constructor(answer: Value, transfer: readonly Transferable[]) {
    this.answer = answer;
    this.transfer = transfer;
  }
}

export class Caller<Calls extends CallTable<Calls>> {
  readonly #port: Port;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  #asked = 0;
  #failure: DomainError | undefined;

  constructor(port: Port) {
    this.#port = port;
    port.on("message", (reply: Reply) => {
      const waiting = this.#waiting.get(reply.number);
      this.#waiting.delete(reply.number);
      if ("answer" in reply) waiting?.resolve(reply.answer);
      else waiting?.reject(thrownBy(reply.error));
    });
  }

  /** Questions without an answer yet. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Throws what the other side does, as a DomainError. */
  async call<Name extends keyof Calls & string>(
    name: Name,
    asked: Asked<Calls[Name]>,
    { signal, transfer = [] }: AskOptions = {},
  ): Promise<Answered<Calls[Name]>> {
    signal?.throwIfAborted();
    if (this.#failure !== undefined) throw this.#failure;
    const number = this.#asked++;
    this.#port.postMessage({ number, name, asked } satisfies Question, [...transfer]);
    const waiting = Promise.withResolvers<unknown>();
    this.#waiting.set(number, waiting);
    return (await (signal === undefined ? waiting.promise : orAbort(waiting.promise, signal))) as Answered<Calls[Name]>;
  }

  /** Ends all that wait, and all that ask from now on: the other side is gone. */
  fail(failure: DomainError): void {
    this.#failure ??= failure;
    for (const { reject } of this.#waiting.values()) reject(this.#failure);
    this.#waiting.clear();
  }
}

/** Answers until the port is closed. Handlers that are synchronous take their turn in the order of the questions. */
export function answerCalls<Calls extends CallTable<Calls>>(port: MessagePort | null, handlers: CallHandlers<Calls>): void {
  if (port === null) throw new Error("Cannot answer: this is no thread");
  const answer = async ({ number, name, asked }: Question): Promise<void> => {
    try {
      const given = await handlers[name as keyof Calls](asked as never);
      const { answer: value, transfer } = given instanceof HandedOver ? given : new HandedOver<unknown>(given, []);
      port.postMessage({ number, answer: value } satisfies Reply, [...transfer]);
    } catch (error) {
      const { kind, code, message, details, hint, cause } = asDomainError(error);
      port.postMessage({ number, error: { kind, code, message, details, hint, cause } } satisfies Reply, []);
    }
  };
  port.on("message", (question: Question) => void answer(question));
}

function thrownBy({ kind, code, message, details, hint, cause }: PlainError): DomainError {
  return new DomainError(kind, code, message, { details, cause, ...(hint === undefined ? {} : { hint }) });
}
