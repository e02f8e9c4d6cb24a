/** One run of an exec plug-in: a program that prints an ExecCredential. Source: Kubernetes, "client-go credential plugins". */
import { spawn } from "node:child_process";
import type { Writable } from "node:stream";
import type { Clock } from "../../base/clock.ts";
import { Deadline } from "../../base/deadline.ts";
import { DomainError } from "../../base/errors.ts";
import type { Certificate, Environment, ExecPlugin } from "../access.ts";
import { bearer, Credentials } from "./credentials.ts";

/** A person whom plug-ins may ask. */
export interface PluginTerminal {
  /** Shows what the program asks. Its answers come from the standard input of this process. */
  readonly stderr: Writable;
}

export interface PluginContext {
  readonly clock: Clock;
  readonly environment: Environment;
  readonly terminal: PluginTerminal | undefined;
}

const MAX_OUTPUT_BYTES = 1024 ** 2;
/** Of what the program says on its standard error; the end says why. */
const MAX_WORDS = 1_000;
/** For a program that asks nobody. A person takes as long as he takes. */
const TIMEOUT_MS = 60_000;

/** @throws {DomainError} unauthenticated/kube_plugin: it failed, and what it said */
export async function runPlugin(plugin: ExecPlugin, context: PluginContext, signal: AbortSignal): Promise<Credentials> {
  const { terminal, clock } = context;
  if (plugin.interactive === "Always" && terminal === undefined) {
    throw failed(plugin, "it asks for input, and there is no terminal");
  }
  const isInteractive = plugin.interactive !== "Never" && terminal !== undefined;
  using deadline = new Deadline(clock, isInteractive ? Infinity : TIMEOUT_MS);
  const output = await run(plugin, context, isInteractive, AbortSignal.any([signal, deadline.signal])).catch((error: unknown) => {
    signal.throwIfAborted();
    throw deadline.signal.aborted ? failed(plugin, `it did not end within ${TIMEOUT_MS / 1000} s`) : error;
  });
  return parseCredential(plugin, output);
}

async function run(plugin: ExecPlugin, context: PluginContext, isInteractive: boolean, signal: AbortSignal): Promise<string> {
  const spec = { interactive: isInteractive, ...(plugin.cluster === undefined ? {} : { cluster: plugin.cluster }) };
  const info = JSON.stringify({ apiVersion: plugin.apiVersion, kind: "ExecCredential", spec });
  const env = { ...context.environment, ...plugin.env, KUBERNETES_EXEC_INFO: info };
  const child = spawn(plugin.command, plugin.args, { env, stdio: [isInteractive ? "inherit" : "ignore", "pipe", "pipe"], signal });
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const output = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output.stdout += text;
    if (output.stdout.length > MAX_OUTPUT_BYTES) {
      child.kill();
      reject(failed(plugin, `it prints more than ${MAX_OUTPUT_BYTES} bytes`));
    }
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    output.stderr = (output.stderr + text).slice(-MAX_WORDS);
    if (isInteractive) context.terminal?.stderr.write(text);
  });
  child.on("error", (error: NodeJS.ErrnoException) =>
    reject(failed(plugin, error.code === "ENOENT" ? "there is no such program" : `it does not start (${error.code ?? error.name})`)),
  );
  child.on("close", (code, killedBy) => {
    if (code === 0) resolve(output.stdout);
    else reject(failed(plugin, code === null ? `${killedBy} ended it` : `it ended with exit code ${code}`, output.stderr));
  });
  try {
    return await promise;
  } finally {
    // What the program has started may hold them open, and print on.
    child.stdout.destroy();
    child.stderr.destroy();
  }
}

/** What the program prints never gets into a message. */
function parseCredential(plugin: ExecPlugin, output: string): Credentials {
  let status: Partial<Record<string, unknown>>;
  try {
    const credential = JSON.parse(output) as { apiVersion?: unknown; kind?: unknown; status?: unknown } | null;
    if (credential?.kind !== "ExecCredential") throw new TypeError("another kind");
    if (credential.apiVersion !== plugin.apiVersion) throw failed(plugin, `it does not speak version ${plugin.apiVersion}`);
    status = Object(credential.status) as typeof status;
  } catch (error) {
    throw error instanceof DomainError ? error : failed(plugin, "what it prints is no ExecCredential");
  }
  const text = (name: string): string | undefined => {
    const value = status[name];
    if (value !== undefined && value !== null && typeof value !== "string") throw failed(plugin, `"status.${name}" is not a text`);
    return value === null || value === "" ? undefined : value;
  };
  const [token, cert, key] = [text("token"), text("clientCertificateData"), text("clientKeyData")];
  if ((cert === undefined) !== (key === undefined)) throw failed(plugin, "it gives only one of certificate and key");
  const certificate: Certificate | undefined = cert === undefined || key === undefined ? undefined : { cert, key };
  if (token === undefined && certificate === undefined) throw failed(plugin, "it gives neither a token nor a certificate");
  const expiresMs = parseTime(plugin, text("expirationTimestamp"));
  return new Credentials({ authorization: token === undefined ? undefined : bearer(token), certificate, expiresMs });
}

/** RFC 3339. */
function parseTime(plugin: ExecPlugin, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  try {
    return Temporal.Instant.from(text).epochMilliseconds;
  } catch {
    throw failed(plugin, '"status.expirationTimestamp" is not a time');
  }
}

function failed(plugin: ExecPlugin, state: string, stderr = ""): DomainError {
  const words = stderr.replaceAll(/[\s\p{Cc}]+/gu, " ").trim();
  const message = `Cannot get credentials from plug-in "${plugin.command}": ${state}${words === "" ? "" : `: ${words}`}`;
  return new DomainError("unauthenticated", "kube_plugin", message, plugin.installHint === undefined ? {} : { hint: plugin.installHint });
}
