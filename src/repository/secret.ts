/**
 * What opens a repository: a password of its own, or the key of its location, from which each repository's password is derived.
 */
import { randomBytes } from "node:crypto";
import { parseBase64Url, toBase64Url } from "../base/bytes.ts";
import { DomainError } from "../base/errors.ts";
import type { RandomBytes } from "../base/ids.ts";
import { deriveRepositoryPassword } from "./format/password.ts";
import type { RepositoryIdentity } from "./identity.ts";

export type RepositorySecret = { readonly kind: "password"; readonly password: string } | LocationSecret;

export interface LocationSecret {
  readonly kind: "location-key";
  /** 32 bytes. */
  readonly key: Uint8Array;
}

/** Starts every location key, so that it can be told from a password wherever either may stand. */
const LOCATION_KEY_PREFIX = "holdfast-location-1-";
const LOCATION_KEY_BYTES = 32;

export function newLocationKey(random: RandomBytes = randomBytes): LocationSecret {
  return { kind: "location-key", key: random(LOCATION_KEY_BYTES) };
}

/**
 * Reads what stands in a password file or in the environment.
 *
 * @throws {DomainError} usage/empty_password
 * @throws {DomainError} usage/location_key: it starts like one, and is none
 */
export function parseSecret(text: string): RepositorySecret {
  if (text === "") throw new DomainError("usage", "empty_password", "Cannot open a repository: the password is empty");
  if (!text.startsWith(LOCATION_KEY_PREFIX)) return { kind: "password", password: text };
  const refused = (): DomainError =>
    new DomainError("usage", "location_key", "Cannot read the location's key: it was cut or changed", {
      hint: `Give all of it: "${LOCATION_KEY_PREFIX}" and 43 more letters`,
    });
  let key: Uint8Array;
  try {
    key = parseBase64Url(text.slice(LOCATION_KEY_PREFIX.length));
  } catch {
    throw refused();
  }
  if (key.length !== LOCATION_KEY_BYTES) throw refused();
  return { kind: "location-key", key };
}

/** The text that parseSecret() reads. It opens everything: it is printed only where a person asked for it. */
export function secretText(secret: RepositorySecret): string {
  return secret.kind === "password" ? secret.password : `${LOCATION_KEY_PREFIX}${toBase64Url(secret.key)}`;
}

/**
 * The password that a key file of this repository is opened with, by restic too.
 *
 * @throws {DomainError} usage/location_key_without_salt: the repository was not made by Holdfast
 */
export function repositoryPassword(secret: RepositorySecret, identity: RepositoryIdentity | undefined): string {
  if (secret.kind === "password") return secret.password;
  if (identity !== undefined) return deriveRepositoryPassword(secret.key, identity.salt);
  throw locationKeyWithoutSalt();
}

export function locationKeyWithoutSalt(): DomainError {
  const message = "Cannot open the repository with a location's key: it has no salt of Holdfast";
  return new DomainError("usage", "location_key_without_salt", message, { hint: "Give the password that the repository was made with" });
}
