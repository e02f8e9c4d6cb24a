/** Who signs. Secrets stay out of messages, logs and inspected objects: only what reads them by name sees them. */
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Clock } from "../../base/clock.ts";
import { orAbort } from "../../base/concurrency.ts";
import { DomainError } from "../../base/errors.ts";

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
  /** By wall time; undefined for keys that do not expire. */
  readonly expiresMs?: number | undefined;
}

/** @throws {DomainError} unauthenticated/storage_credentials: there are none; the hint says where it looked. */
export type CredentialSource = (signal?: AbortSignal) => Promise<Credentials>;

export type Environment = Readonly<Record<string, string | undefined>>;

class HiddenCredentials implements Credentials {
  readonly accessKeyId: string;
  readonly expiresMs: number | undefined;
  readonly #secretAccessKey: string;
  readonly #sessionToken: string | undefined;

  constructor(fields: Credentials) {
    this.accessKeyId = fields.accessKeyId;
    this.expiresMs = fields.expiresMs;
    this.#secretAccessKey = fields.secretAccessKey;
    this.#sessionToken = fields.sessionToken;
  }

  get secretAccessKey(): string {
    return this.#secretAccessKey;
  }

  get sessionToken(): string | undefined {
    return this.#sessionToken;
  }
}

/** The same credentials, whose secrets neither util.inspect nor JSON shows. */
export function hideSecrets(fields: Credentials): Credentials {
  return new HiddenCredentials(fields);
}

/**
 * The usual AWS places: the environment, then the profile in the shared credentials file, then all that AWS's own client knows. That
 * one reads the environment of the process, so it is not asked for another.
 */
export function defaultCredentials(environment: Environment = process.env): CredentialSource {
  return async (signal) => {
    const found = fromEnvironment(environment);
    if (found !== undefined) return found;
    const path = environment["AWS_SHARED_CREDENTIALS_FILE"] ?? join(homedir(), ".aws", "credentials");
    const profile = environment["AWS_PROFILE"] ?? "default";
    const file = await fromFile(path, profile, signal);
    if (typeof file !== "string") return file;
    const lookedAt = `${environmentState(environment)}; ${file}`;
    if (environment !== process.env) throw noCredentials(lookedAt);
    return (await import("./aws-providers.ts")).awsCredentials(environment, lookedAt, signal);
  };
}

/** Keys that do not expire are asked for again after this time, since files are rotated while a program runs. */
const FRESH_MS = 5 * 60_000;
/** Others are renewed so long before they expire. */
const RENEW_BEFORE_MS = 5 * 60_000;
/** After a renewal that failed, while the old ones hold. */
const RENEW_AGAIN_MS = 30_000;

/** A source that is asked once for many requests, and by one of them at a time. */
export function rememberCredentials(source: CredentialSource, clock: Clock): CredentialSource {
  let kept: Credentials | undefined;
  let untilMs = 0;
  let asking: Promise<Credentials> | undefined;
  const ask = async (): Promise<Credentials> => {
    try {
      kept = await source();
      untilMs = kept.expiresMs === undefined ? clock.now() + FRESH_MS : kept.expiresMs - RENEW_BEFORE_MS;
    } catch (error) {
      if (kept?.expiresMs === undefined || kept.expiresMs <= clock.now()) throw error;
      untilMs = clock.now() + RENEW_AGAIN_MS;
    }
    return kept;
  };
  return async (signal) => {
    if (kept !== undefined && clock.now() < untilMs) return kept;
    asking ??= ask().finally(() => (asking = undefined));
    return signal === undefined ? asking : orAbort(asking, signal);
  };
}

function fromEnvironment(environment: Environment): Credentials | undefined {
  const { AWS_ACCESS_KEY_ID: accessKeyId = "", AWS_SECRET_ACCESS_KEY: secretAccessKey = "", AWS_SESSION_TOKEN: token = "" } = environment;
  if (accessKeyId === "" || secretAccessKey === "") return undefined;
  return hideSecrets({ accessKeyId, secretAccessKey, ...(token === "" ? {} : { sessionToken: token }) });
}

function environmentState(environment: Environment): string {
  const missing = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"].filter((name) => (environment[name] ?? "") === "");
  return `${missing.join(" and ")} ${missing.length === 1 ? "is" : "are"} not set`;
}

/** The credentials, or why there are none. */
async function fromFile(path: string, profile: string, signal: AbortSignal | undefined): Promise<Credentials | string> {
  let text: string;
  try {
    text = await readFile(path, { encoding: "utf8", signal });
  } catch (error) {
    signal?.throwIfAborted();
    return `"${path}" cannot be read (${(error as NodeJS.ErrnoException).code ?? "unknown error"})`;
  }
  const fields = readProfile(text, profile);
  if (fields === undefined) return `"${path}" has no profile "${profile}"`;
  const accessKeyId = fields.get("aws_access_key_id") ?? "";
  const secretAccessKey = fields.get("aws_secret_access_key") ?? "";
  if (accessKeyId === "" || secretAccessKey === "") return `profile "${profile}" of "${path}" has no key`;
  return hideSecrets({ accessKeyId, secretAccessKey, sessionToken: fields.get("aws_session_token") });
}

/** AWS's own form of an INI file: `[profile]`, then `name = value`; comments have a line of their own. */
function readProfile(text: string, profile: string): ReadonlyMap<string, string> | undefined {
  let section: string | undefined;
  let fields: Map<string, string> | undefined;
  for (const line of text.split(/\r?\n/).map((raw) => raw.trim())) {
    section = /^\[(?<name>[^\]]*)\]/.exec(line)?.groups?.["name"]?.trim() ?? section;
    if (section !== profile) continue;
    fields ??= new Map();
    const equals = line.indexOf("=");
    if (equals > 0 && !/^[#;[]/.test(line)) fields.set(line.slice(0, equals).trim().toLowerCase(), line.slice(equals + 1).trim());
  }
  return fields;
}

export function noCredentials(lookedAt: string): DomainError {
  return new DomainError("unauthenticated", "storage_credentials", "Cannot sign requests to the storage: no credentials found", {
    hint: `Looked at: ${lookedAt}`,
  });
}
