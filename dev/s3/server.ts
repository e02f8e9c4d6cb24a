/** A throw-away S3 server with versioning and Object Lock: versitygw over a folder. */
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { systemClock } from "../../src/base/clock.ts";
import { DomainError } from "../../src/base/errors.ts";
import { goBuild } from "../host/go-build.ts";
import { createDataFolder, removeLeftovers } from "./data-folder.ts";
import { listenerOf, listeningPorts } from "./listeners.ts";
import { type S3Credentials } from "./signed-fetch.ts";

export interface S3ServerOptions {
  /** Folder for the objects, kept on stop. Without one they lie in a temporary folder that goes with the server. */
  readonly dataDir?: string | undefined;
  /** IPv4 address to listen on. @default "127.0.0.1" */
  readonly address?: string | undefined;
  /** @default 0, any free port */
  readonly port?: number | undefined;
  /** Ends the start; a server that runs is ended by {@link S3Server.stop}. */
  readonly signal?: AbortSignal | undefined;
}

export interface S3Server extends S3Credentials, AsyncDisposable {
  /** Ends the server and removes its temporary folder. */
  stop(): Promise<void>;
}

const START_TIMEOUT_MS = 15_000;
const STOP_TIMEOUT_MS = 2_000;
const POLL_MS = 10;
const REGION = "us-east-1";

/**
 * Starts a server with a random key, and returns when it accepts connections. It ends with this process, however that ends.
 *
 * @throws {DomainError} conflict/port_in_use: another process listens on the port.
 * @throws {DomainError} unavailable/s3_server_failed: it ended, or never listened; the message has its last words.
 */
export async function startS3Server(options: S3ServerOptions = {}): Promise<S3Server> {
  const { address = "127.0.0.1", port = 0, signal } = options;
  const program = join(await buildS3Server(signal), "versitygw");
  await removeLeftovers();
  await using owned = new AsyncDisposableStack();
  const folder = options.dataDir === undefined ? await createDataFolder() : resolve(options.dataDir);
  if (options.dataDir === undefined) owned.defer(async () => rm(folder, { recursive: true, force: true }));
  const [objects, versions] = [join(folder, "objects"), join(folder, "versions")];
  for (const path of [objects, versions]) await mkdir(path, { recursive: true });

  const [accessKeyId, secretAccessKey] = [randomBytes(10).toString("hex"), randomBytes(20).toString("hex")];
  const args = ["--quiet", "--region", REGION, "--port", `${address}:${port}`, "posix", "--versioning-dir", versions, objects];
  const child = spawn("setpriv", ["--pdeathsig", "KILL", program, ...args], {
    env: { ROOT_ACCESS_KEY: accessKeyId, ROOT_SECRET_KEY: secretAccessKey, PATH: process.env["PATH"] },
    stdio: ["ignore", "ignore", "pipe"],
  });
  owned.defer(async () => end(child));
  const listening = await waitUntilListening(child, { address, port, signal });
  const running = owned.move();
  const stop = async (): Promise<void> => running.disposeAsync();
  const endpoint = `http://${address}:${listening}`;
  return { endpoint, region: REGION, accessKeyId, secretAccessKey, stop, [Symbol.asyncDispose]: stop };
}

/** Builds the server into the cache and returns the folder of its program. */
export async function buildS3Server(signal?: AbortSignal): Promise<string> {
  return goBuild({
    name: "versitygw",
    moduleDir: import.meta.dirname,
    packages: { versitygw: "github.com/versity/versitygw/cmd/versitygw" },
    signal,
  });
}

interface Wanted {
  readonly address: string;
  readonly port: number;
  readonly signal: AbortSignal | undefined;
}

/** The kernel chooses a free port and says in /proc which one it gave to this child, so two servers never meet on one. */
async function waitUntilListening(child: ChildProcess, wanted: Wanted): Promise<number> {
  let words = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (words = (words + text).slice(-2_000)));
  const ended = new Promise<Error | undefined>((settle) => child.on("error", settle).on("close", () => settle(undefined)));
  const deadline = systemClock.monotonicMs() + START_TIMEOUT_MS;
  while (child.pid !== undefined && isRunning(child) && systemClock.monotonicMs() < deadline) {
    const [port] = await listeningPorts(child.pid);
    if (port !== undefined) return port;
    await systemClock.sleep(POLL_MS, wanted.signal);
  }
  if (isRunning(child) && child.pid !== undefined) throw failed(`it does not listen after ${START_TIMEOUT_MS / 1_000} s`);
  const cause = await ended;
  if (words.includes("address already in use")) throw await portInUse(wanted);
  throw failed(cause?.message ?? words.trim());
}

function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || !isRunning(child)) return;
  const closed = new Promise((settle) => child.once("close", settle));
  child.kill();
  // A client that keeps its connection open holds up an orderly end.
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
  await closed;
  clearTimeout(timer);
}

async function portInUse({ address, port }: Wanted): Promise<DomainError> {
  const holder = await listenerOf(port);
  const by = holder === undefined ? "another process" : `process ${holder.pid} (${holder.command})`;
  return new DomainError("conflict", "port_in_use", `Cannot start the S3 server: port ${port} on ${address} is in use by ${by}`, {
    details: { address, port, ...holder },
    hint: "End that process or choose another port; port 0 takes a free one",
  });
}

function failed(state: string): DomainError {
  return new DomainError("unavailable", "s3_server_failed", `Cannot start the S3 server: ${state}`);
}
