/** Runs a command in a container. Its streams flow as fast as both sides take them, and its exit code comes last. */
import { forEachConcurrent } from "../../base/concurrency.ts";
import type { DomainError } from "../../base/errors.ts";
import { failure, wordsOf } from "../failures.ts";
import { type JsonValue, listIn, objectIn, parseJson, textIn } from "../json.ts";
import type { KubeApi } from "../kube-api.ts";
import { pathOf } from "../resource-type.ts";
import { ChannelSocket } from "./channel-socket.ts";

export interface ExecTarget {
  readonly namespace: string;
  readonly pod: string;
  /** The only or default one of the pod without it. */
  readonly container?: string | undefined;
}

/** Takes some bytes; nothing more is read from the command until it is done. */
export type ByteSink = (bytes: Uint8Array) => Promise<void> | void;

export interface ExecOptions {
  /** Program and arguments; no shell. */
  readonly command: readonly string[];
  /**
   * When it ends, the command's standard input does. None: it is empty. containerd tells that a command has ended only when it has
   * passed all of this on, so a command that leaves more than 64 KiB of it unread needs the signal.
   */
  readonly stdin?: AsyncIterable<Uint8Array> | undefined;
  /** Without a sink the output is not even sent. */
  readonly stdout?: ByteSink | undefined;
  readonly stderr?: ByteSink | undefined;
  /** Cuts the connection; whether the command ends by that is up to the command. */
  readonly signal?: AbortSignal | undefined;
}

const V5 = "v5.channel.k8s.io";
/** Cannot say that the standard input ends, and if the connection did that, the exit code would not come. */
const V4 = "v4.channel.k8s.io";
const STDIN = 0;
const STDOUT = 1;
const STDERR = 2;
const STATUS = 3;
const MAX_STATUS_BYTES = 64 * 1024;
const PODS = { group: "", version: "v1", plural: "pods" } as const;

/**
 * @returns the exit code
 * @throws {DomainError} unsupported/kube_exec: the container cannot run it
 * @throws {DomainError} unsupported/kube_protocol: the server cannot end the input of a command
 * @throws {DomainError} unavailable/kube_unavailable: the connection ended before the command did
 */
export async function exec(api: KubeApi, target: ExecTarget, options: ExecOptions): Promise<number> {
  const { namespace, pod, container } = target;
  const { command, stdin, stdout, stderr, signal } = options;
  const action = `run "${command[0]}" in pod "${pod}" in namespace "${namespace}"`;
  const has = (value: unknown): boolean => value !== undefined;
  // The server wants one of them at least.
  const isSilent = !has(stdin) && !has(stdout) && !has(stderr);
  using socket = await ChannelSocket.open(api, {
    action,
    path: pathOf(PODS, { namespace, name: pod, subresource: "exec" }),
    query: { container, command, stdin: has(stdin), stdout: has(stdout), stderr: has(stderr) || isSilent },
    protocols: has(stdin) ? [V5] : [V5, V4],
    withoutProtocol: `the server does not speak ${V5}${has(stdin) ? ", without which the input of a command has no end" : ` or ${V4}`}`,
    signal,
  });
  const ended = new AbortController();
  const sending = stdin === undefined ? [] : [sendAll(socket, stdin, ended).then(() => new Promise<never>(() => undefined))];
  const status = await Promise.race([receive(socket, { stdout, stderr }), ...sending]).finally(() => ended.abort());
  if (status === undefined)
    throw failure(api.attempt(action), ["unavailable", "kube_unavailable", "the connection ended before the command did"]);
  return exitCode(status, (words) => failure(api.attempt(action), ["unsupported", "kube_exec", `the container cannot: ${words}`]));
}

/** The Status that the server sends when the command has ended; undefined if it sends none. */
async function receive(socket: ChannelSocket, sinks: Pick<ExecOptions, "stderr" | "stdout">): Promise<JsonValue | undefined> {
  let status = "";
  for await (const { channel, bytes } of socket.messages()) {
    if (channel === STDOUT && bytes.length > 0) await sinks.stdout?.(bytes);
    if (channel === STDERR && bytes.length > 0) await sinks.stderr?.(bytes);
    if (channel === STATUS && status.length < MAX_STATUS_BYTES) status += Buffer.from(bytes).toString("utf8");
  }
  try {
    return status === "" ? undefined : parseJson(status);
  } catch {
    return undefined;
  }
}

/** @throws what the source throws. How a connection ends is told by those who read from it, and a command may end before it has read all. */
async function sendAll(socket: ChannelSocket, stdin: AsyncIterable<Uint8Array>, ended: AbortController): Promise<void> {
  try {
    await forEachConcurrent(stdin, { limit: 1, signal: ended.signal }, (bytes) => socket.send(STDIN, bytes).catch(() => ended.abort()));
    await socket.endChannel(STDIN).catch(() => undefined);
  } catch (error) {
    if (!ended.signal.aborted) throw error;
  }
}

/** Source: apimachinery, `remotecommand.NonZeroExitCodeReason`. */
function exitCode(status: JsonValue, failed: (words: string) => DomainError): number {
  if (textIn(status, "status") === "Success") return 0;
  const causes = listIn(objectIn(status, "details"), "causes");
  const code = causes.find((cause) => textIn(cause, "reason") === "ExitCode");
  const number = Number(textIn(code, "message"));
  if (textIn(status, "reason") === "NonZeroExitCode" && Number.isInteger(number)) return number;
  throw failed(wordsOf(textIn(status, "message") ?? "no reason given"));
}
