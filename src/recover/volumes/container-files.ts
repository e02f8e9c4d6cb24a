/** Files below one folder of a container, through the programs that it has: `sh` and `tar`. */
import { type ByteString, byteString, bytesOf } from "../../base/byte-string.ts";
import { CommandWords } from "../../blueprint/command-words.ts";
import { DomainError } from "../../base/errors.ts";
import type { KubeApi } from "../../kube/kube-api.ts";
import { exec, type ExecOptions } from "../../kube/streams/exec.ts";

export interface ContainerFolder {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  /** Absolute. */
  readonly folder: string;
}

/** Which of the names on its standard input there are. Every shell has these. */
const EXISTING =
  'cd -- "$1" 2>/dev/null || exec cat >/dev/null; while IFS= read -r f; do if [ -e "./$f" ] || [ -L "./$f" ]; then printf "%s\\n" "$f"; fi; done';
const EXTRACT = 'mkdir -p -- "$1" && cd -- "$1" && exec tar -x -p -f -';
const NOT_FOUND = 127;
const NEWLINE = 10;

/** Its methods throw {DomainError} unsupported/path_tools: the container lacks a program; unavailable/path_not_written: it failed, with what it said */
export class ContainerFiles {
  readonly #api: KubeApi;
  readonly #folder: ContainerFolder;
  readonly #signal: AbortSignal;

  constructor(api: KubeApi, folder: ContainerFolder, signal: AbortSignal) {
    this.#api = api;
    this.#folder = folder;
    this.#signal = signal;
  }

  async existing(paths: readonly ByteString[]): Promise<ReadonlySet<ByteString>> {
    const chunks: Uint8Array[] = [];
    const names = (async function* (): AsyncGenerator<Uint8Array, void, undefined> {
      for (const path of paths) yield bytesOf(`${path}\n` as ByteString);
    })();
    await this.#run(EXISTING, { stdin: names, stdout: (bytes) => void chunks.push(bytes) });
    return new Set(linesOf(Buffer.concat(chunks)));
  }

  async extract(archive: AsyncIterable<Uint8Array>): Promise<void> {
    await this.#run(EXTRACT, { stdin: archive });
  }

  async #run(script: string, streams: Pick<ExecOptions, "stdin" | "stdout">): Promise<void> {
    const { namespace, pod, container, folder } = this.#folder;
    const words = new CommandWords();
    const command = ["sh", "-c", script, "sh", folder];
    let code: number;
    try {
      code = await exec(
        this.#api,
        { namespace, pod, container },
        { ...streams, command, stderr: (bytes) => words.add(bytes), signal: this.#signal },
      );
    } catch (cause) {
      if (!(cause instanceof DomainError) || cause.code !== "kube_exec") throw cause;
      throw this.#lacks(cause.message, cause);
    }
    if (code === NOT_FOUND) throw this.#lacks(words.text);
    if (code === 0) return;
    const message = `Cannot write to "${folder}" in pod "${pod}" in namespace "${namespace}": ${words.text === "" ? `exit code ${code}` : words.text}`;
    throw new DomainError("unavailable", "path_not_written", message, {
      hint: 'Take the files with "holdfast point extract" and --target',
    });
  }

  #lacks(words: string, cause?: unknown): DomainError {
    const { namespace, pod, container } = this.#folder;
    const message = `Cannot restore files through container "${container}" of pod "${pod}" in namespace "${namespace}": it needs "sh" and "tar": ${words}`;
    return new DomainError("unsupported", "path_tools", message, {
      cause,
      hint: 'Take the files with "holdfast point extract" and --target',
    });
  }
}

function linesOf(bytes: Uint8Array): readonly ByteString[] {
  const lines: ByteString[] = [];
  for (let start = 0, end = bytes.indexOf(NEWLINE); end >= 0; start = end + 1, end = bytes.indexOf(NEWLINE, start)) {
    lines.push(byteString(bytes.subarray(start, end)));
  }
  return lines;
}
