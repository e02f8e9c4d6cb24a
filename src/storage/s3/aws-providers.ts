/**
 * Credentials from where AWS's own client finds them: profiles with SSO, roles or a program, web identities (IRSA), containers and EKS Pod
 * Identity, and the instance's metadata. That client is loaded when the first of them is asked, and reads the environment of the process.
 */
import type * as AwsProviders from "@aws-sdk/credential-providers";
import { orAbort } from "../../base/concurrency.ts";
import { type Credentials, type Environment, hideSecrets, noCredentials } from "./credentials.ts";

type Providers = typeof AwsProviders;

interface Found {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiration?: Date;
}

interface Place {
  /** For the list of places that were looked at. */
  readonly name: string;
  /** Set up on purpose: that it fails is the answer, and no place after it is asked, which may stand for somebody else. */
  readonly isChosen: boolean;
  readonly provider: (providers: Providers) => () => Promise<Found>;
}

/** What the client would print. */
const SILENT = { debug: ignore, info: ignore, warn: ignore, error: ignore, trace: ignore };
/** These servers are on the same machine. Elsewhere than on AWS nobody answers, and a command without credentials waits so long. */
const TIMEOUT_MS = 1_000;
const CONTAINER_RETRIES = 2;
/** Of the token service, if none is set. */
const DEFAULT_REGION = "us-east-1";
const MAX_REASON_LENGTH = 300;

/**
 * @param lookedAt The places that had nothing already, for the error.
 * @throws {DomainError} unauthenticated/storage_credentials
 */
export async function awsCredentials(environment: Environment, lookedAt: string, signal: AbortSignal | undefined): Promise<Credentials> {
  const providers = await import("@aws-sdk/credential-providers");
  const states = [lookedAt];
  for (const place of placesOf(environment)) {
    try {
      return readCredentials(await orAbort(place.provider(providers)(), signal ?? NEVER));
    } catch (error) {
      signal?.throwIfAborted();
      states.push(`${place.name}: ${reasonOf(error)}`);
      if (place.isChosen || !isNotConfigured(error)) break;
    }
  }
  throw noCredentials(states.join("; "));
}

const NEVER = new AbortController().signal;

function placesOf(environment: Environment): readonly Place[] {
  const has = (...names: readonly string[]): boolean => names.every((name) => (environment[name] ?? "") !== "");
  const region = environment["AWS_REGION"] ?? environment["AWS_DEFAULT_REGION"] ?? DEFAULT_REGION;
  const profile: Place = {
    name: `profile "${environment["AWS_PROFILE"] ?? "default"}"`,
    isChosen: has("AWS_PROFILE"),
    provider: ({ fromIni }) => fromIni({ logger: SILENT }),
  };
  const webIdentity: Place = {
    name: "AWS_WEB_IDENTITY_TOKEN_FILE",
    isChosen: true,
    provider: ({ fromTokenFile }) => fromTokenFile({ logger: SILENT, clientConfig: { region } }),
  };
  const container: Place = {
    name: "container credentials",
    isChosen: true,
    provider: ({ fromHttp }) => fromHttp({ timeout: TIMEOUT_MS, maxRetries: CONTAINER_RETRIES, logger: SILENT }),
  };
  const instance: Place = {
    name: "instance metadata",
    isChosen: true,
    provider: ({ fromInstanceMetadata }) => fromInstanceMetadata({ timeout: TIMEOUT_MS, maxRetries: 0, logger: SILENT }),
  };
  const isOff = !["", "false"].includes(environment["AWS_EC2_METADATA_DISABLED"] ?? "");
  return [
    profile,
    ...(has("AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN") ? [webIdentity] : []),
    ...(has("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") || has("AWS_CONTAINER_CREDENTIALS_FULL_URI") ? [container] : []),
    ...(isOff ? [] : [instance]),
  ];
}

function readCredentials({ accessKeyId, secretAccessKey, sessionToken, expiration }: Found): Credentials {
  return hideSecrets({ accessKeyId, secretAccessKey, sessionToken, expiresMs: expiration?.getTime() });
}

function isNotConfigured(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith("Could not resolve credentials using profile");
}

/** One line. What a program of a profile wrote may be a secret, and so may its command line. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return "it failed";
  if (error.message.startsWith("Command failed")) return "its credential_process failed";
  if (isNotConfigured(error)) return "it is not there, or has no credentials";
  const parts = error instanceof AggregateError ? error.errors.map(reasonOf).join(", ") : error.message;
  const line = parts.replaceAll(/\s+/g, " ").replace(/\.$/, "").slice(0, MAX_REASON_LENGTH);
  const { name } = error;
  return line === "" ? name : name === "Error" || name === "CredentialsProviderError" ? line : `${name}: ${line}`;
}

function ignore(): void {
  // The error that is thrown says it.
}
