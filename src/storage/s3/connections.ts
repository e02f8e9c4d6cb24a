/** How requests get to the server: kept connections, time limits, proxy and trust. */
import { readFile } from "node:fs/promises";
import { getCACertificates } from "node:tls";
import { type Dispatcher, EnvHttpProxyAgent } from "undici";
import { DomainError } from "../../base/errors.ts";
import type { Environment } from "./credentials.ts";

export interface ConnectionOptions {
  /** PEM file of certificate authorities that are trusted besides the usual ones. */
  readonly caFile?: string | undefined;
  /** For HTTPS_PROXY, HTTP_PROXY and NO_PROXY. */
  readonly environment: Environment;
  /** @default 10 s */
  readonly connectTimeoutMs?: number | undefined;
  /** Longest time in which nothing at all goes to or comes from the server. @default 60 s */
  readonly idleTimeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

const CONNECT_TIMEOUT_MS = 10_000;
const IDLE_TIMEOUT_MS = 60_000;

/** @throws {DomainError} usage/ca_file: it cannot be read, or holds no certificate */
export async function openConnections(options: ConnectionOptions): Promise<Dispatcher> {
  const { environment, connectTimeoutMs = CONNECT_TIMEOUT_MS, idleTimeoutMs = IDLE_TIMEOUT_MS } = options;
  const trust =
    options.caFile === undefined ? {} : { ca: [...getCACertificates("default"), await readCertificates(options.caFile, options.signal)] };
  const variable = (name: string): string => environment[name.toLowerCase()] ?? environment[name] ?? "";
  return new EnvHttpProxyAgent({
    httpProxy: variable("HTTP_PROXY"),
    httpsProxy: variable("HTTPS_PROXY"),
    noProxy: variable("NO_PROXY"),
    // S3 itself has no HTTP/2, and what stands before other servers gains nothing by it.
    allowH2: false,
    connectTimeout: connectTimeoutMs,
    connect: { ...trust, timeout: connectTimeoutMs },
    requestTls: trust,
    proxyTls: trust,
    headersTimeout: idleTimeoutMs,
    bodyTimeout: idleTimeoutMs,
  });
}

async function readCertificates(path: string, signal: AbortSignal | undefined): Promise<string> {
  let text = "";
  try {
    text = await readFile(path, { encoding: "utf8", signal });
  } catch (cause) {
    signal?.throwIfAborted();
    throw new DomainError("usage", "ca_file", `Cannot read certificates from "${path}": no such file, or not readable`, { cause });
  }
  if (!text.includes("-----BEGIN CERTIFICATE-----")) {
    throw new DomainError("usage", "ca_file", `Cannot read certificates from "${path}": there are none in it`, {
      hint: "Give a file in PEM form",
    });
  }
  return text;
}
