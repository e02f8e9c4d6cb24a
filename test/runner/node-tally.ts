/** Counts the events of one test file of node:test. */
import { stripVTControlCharacters } from "node:util";
import type { Failure, Skip, Tally } from "./tally.ts";

/** The fields used here of the events test:start, test:pass and test:fail. */
export interface NodeTestEvent {
  readonly name: string;
  readonly nesting: number;
  readonly file?: string | undefined;
  readonly line?: number | undefined;
  readonly skip?: string | boolean | undefined;
  readonly todo?: string | boolean | undefined;
  readonly details?: { readonly type?: string | undefined; readonly error?: unknown };
}

export class NodeTally {
  readonly #file: string;
  #passed = 0;
  readonly #failures: Failure[] = [];
  readonly #skips: Skip[] = [];
  /** Names from the outermost test to the one that started last. */
  #path: string[] = [];
  /** How deep the test reported last was: children are reported before their parent. */
  #lastNesting = 0;

  /** @param file How the file is called in names. */
  constructor(file: string) {
    this.#file = file;
  }

  get tally(): Tally {
    return { passed: this.#passed, failures: this.#failures, skips: this.#skips };
  }

  start(event: NodeTestEvent): void {
    this.#path = [...this.#path.slice(0, event.nesting), event.name];
  }

  /** Returns a failure for a file that ran and has no test. */
  pass(event: NodeTestEvent): Failure | undefined {
    const isParent = this.#enter(event);
    const reason = skipReason(event);
    if (isParent) return undefined;
    if (event.name === event.file) return this.#add(event, "The file has no test");
    if (reason !== undefined) this.#skips.push({ name: this.#nameOf(event), reason });
    else if (event.details?.type !== "suite") this.#passed++;
    return undefined;
  }

  /** Returns the failure, unless it only says that a child failed or the test is still to be done. */
  fail(event: NodeTestEvent): Failure | undefined {
    const reason = skipReason(event);
    const isParent = this.#enter(event);
    if (reason !== undefined) {
      if (!isParent) this.#skips.push({ name: this.#nameOf(event), reason });
      return undefined;
    }
    const { failureType, cause } = failureOf(event.details?.error);
    if (failureType === "subtestsFailed") return undefined;
    return this.#add(event, event.name === event.file ? processEnd(event.details?.error) : errorLines(cause));
  }

  #add(event: NodeTestEvent, text: string): Failure {
    const failure = { name: this.#nameOf(event), text };
    this.#failures.push(failure);
    return failure;
  }

  /** Tells whether the test reported now has children that were reported before it. */
  #enter({ nesting }: NodeTestEvent): boolean {
    const isParent = nesting < this.#lastNesting;
    this.#lastNesting = nesting;
    return isParent;
  }

  #nameOf(event: NodeTestEvent): string {
    if (event.name === event.file) return this.#file;
    const where = event.line === undefined ? this.#file : `${this.#file}:${event.line}`;
    return `${where} ${[...this.#path.slice(0, event.nesting), event.name].join(" > ")}`;
  }
}

/** A test that is to be done counts as skipped, whatever came of it. */
function skipReason({ skip, todo }: NodeTestEvent): string | undefined {
  if (skip !== undefined && skip !== false) return skip === true || skip === "" ? "no reason given" : skip;
  if (todo !== undefined && todo !== false) return todo === true || todo === "" ? "to be done" : `to be done: ${todo}`;
  return undefined;
}

/** node:test wraps what a test threw, and says in `failureType` how it failed. */
function failureOf(error: unknown): { readonly failureType: unknown; readonly cause: unknown } {
  if (!(error instanceof Error)) return { failureType: undefined, cause: error };
  return { failureType: "failureType" in error ? error.failureType : undefined, cause: error.cause ?? error };
}

/** A failure with the name of the file is that of its process; node:test keeps how it ended on the error. */
function processEnd(error: unknown): string {
  if (error instanceof Error && "signal" in error && typeof error.signal === "string") return `The process was ended by ${error.signal}`;
  return error instanceof Error && "exitCode" in error ? `The process ended with exit code ${String(error.exitCode)}` : errorLines(error);
}

function errorLines(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const lines = stripVTControlCharacters(cause.stack ?? cause.message).split("\n");
  const nested = cause.cause === undefined ? "" : `\ncaused by: ${errorLines(cause.cause)}`;
  return lines.filter((line) => !/^\s+at .*node:internal/.test(line)).join("\n") + nested;
}
