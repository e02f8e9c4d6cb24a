/** One command of a blueprint in a container, with a bound on its time and on what is kept of what it says. */
import type { Clock } from "../base/clock.ts";
import { Deadline } from "../base/deadline.ts";
import { DomainError } from "../base/errors.ts";
import type { KubeApi } from "../kube/kube-api.ts";
import { type ByteSink, exec, type ExecTarget } from "../kube/streams/exec.ts";
import type { BlueprintCommand } from "./blueprint.ts";
import { CommandWords } from "./command-words.ts";

export interface CommandOptions {
  /** As messages have it: `check StatefulSet/db in namespace "shop"`. */
  readonly action: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly stdin?: AsyncIterable<Uint8Array>;
  readonly stdout?: ByteSink;
}

/**
 * @throws {DomainError} unavailable/blueprint_command: it failed, with what it said; or took too long
 * @throws {DomainError} unsupported/kube_exec: the container does not have it
 */
export async function runBlueprintCommand(
  api: KubeApi,
  target: ExecTarget,
  { command, timeoutMs }: BlueprintCommand,
  { action, clock, signal, stdin, stdout }: CommandOptions,
): Promise<void> {
  const words = new CommandWords();
  using deadline = new Deadline(clock, timeoutMs);
  const failed = (state: string): DomainError => {
    const said = words.text;
    return new DomainError("unavailable", "blueprint_command", `Cannot ${action}: ${state}${said === "" ? "" : `: ${said}`}`, {
      details: { pod: target.pod, container: target.container },
    });
  };
  let code;
  try {
    code = await exec(api, target, {
      command,
      stdin,
      stdout,
      stderr: (bytes) => words.add(bytes),
      signal: AbortSignal.any([signal, deadline.signal]),
    });
  } catch (error) {
    signal.throwIfAborted();
    if (deadline.signal.aborted) throw failed(`its command took longer than ${Math.ceil(timeoutMs / 1000)} s`);
    throw error;
  }
  if (code !== 0) throw failed(`its command failed (exit code ${code})`);
}

/** What a command prints, no more than `maxBytes` of it. */
export class OutputText {
  readonly #maxBytes: number;
  #bytes: Uint8Array = new Uint8Array();

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  readonly sink: ByteSink = (bytes) => {
    this.#bytes = Buffer.concat([this.#bytes, bytes.subarray(0, this.#maxBytes - this.#bytes.length)]);
  };

  get text(): string {
    return Buffer.from(this.#bytes).toString("utf8").trim();
  }
}
