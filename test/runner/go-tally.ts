/** Counts the events of `go test -json` of one module. */
import type { Failure, Skip, Tally } from "./tally.ts";

/** A line of `go test -json`, as far as it is used here ("go doc test2json"). */
interface GoEvent {
  readonly Action: string;
  readonly Package?: string;
  /** Absent when the event is about the package. */
  readonly Test?: string;
  readonly Output?: string;
}

export class GoTally {
  #passed = 0;
  readonly #failures: Failure[] = [];
  readonly #skips: Skip[] = [];
  /** What each test and package printed, by its name. */
  readonly #output = new Map<string, string[]>();
  /** Tests and packages that have a test below them; children are reported before their parent. */
  readonly #parents = new Set<string>();
  readonly #failedParents = new Set<string>();

  get tally(): Tally {
    return { passed: this.#passed, failures: this.#failures, skips: this.#skips };
  }

  /** Takes one line; one that is not JSON comes from the go command itself and belongs to no test. Returns a new failure. */
  line(line: string): Failure | undefined {
    const event = parseEvent(line);
    if (event === undefined) return undefined;
    const name = nameOf(event);
    if (event.Output !== undefined) this.#outputOf(name).push(event.Output);
    if (event.Action === "pass" || event.Action === "fail" || event.Action === "skip") return this.#end(event, name);
    return undefined;
  }

  #end(event: GoEvent, name: string): Failure | undefined {
    const parent = parentOf(event);
    const isLeaf = event.Test !== undefined && !this.#parents.has(name);
    const text = this.#outputOf(name).join("");
    if (parent !== undefined) this.#parents.add(parent);
    if (event.Action === "pass" && isLeaf) this.#passed++;
    if (event.Action === "skip" && isLeaf) this.#skips.push({ name, reason: skipReason(text) });
    if (event.Action !== "fail") return undefined;
    if (parent !== undefined) this.#failedParents.add(parent);
    // A parent fails with its children; alone it fails when it does not build, crashes or fails by itself.
    if (this.#failedParents.has(name)) return undefined;
    const failure = { name, text: text.trimEnd() };
    this.#failures.push(failure);
    return failure;
  }

  #outputOf(name: string): string[] {
    const lines = this.#output.get(name) ?? [];
    this.#output.set(name, lines);
    return lines;
  }
}

function parseEvent(line: string): GoEvent | undefined {
  return line.startsWith("{") ? (JSON.parse(line) as GoEvent) : undefined;
}

function nameOf({ Package = "", Test }: GoEvent): string {
  return Test === undefined ? Package : `${Package} ${Test}`;
}

/** The test above a subtest ("TestA/b"), the package above a test. */
function parentOf({ Package = "", Test }: GoEvent): string | undefined {
  if (Test === undefined) return undefined;
  const slash = Test.lastIndexOf("/");
  return slash < 0 ? Package : `${Package} ${Test.slice(0, slash)}`;
}

/** The reason is what the test printed, without the lines that go adds: "    file_test.go:12: reason". */
function skipReason(output: string): string {
  const own = output.split("\n").filter((line) => line !== "" && !/^\s*(?:===|---) /.test(line));
  const reason = own.map((line) => line.replace(/^\s*\S+\.go:\d+: /, "").trim()).join(" ");
  return reason === "" ? "no reason given" : reason;
}
