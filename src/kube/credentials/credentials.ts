/** What a request proves its sender with. Secrets stay out of messages, logs and inspected objects: only what reads them by name sees them. */
import type { Certificate } from "../access.ts";

export class Credentials {
  /** By wall time; undefined if nothing is known of an end. */
  readonly expiresMs: number | undefined;
  readonly #authorization: string | undefined;
  readonly #certificate: Certificate | undefined;

  constructor(fields: {
    readonly authorization?: string | undefined;
    readonly certificate?: Certificate | undefined;
    readonly expiresMs?: number | undefined;
  }) {
    this.expiresMs = fields.expiresMs;
    this.#authorization = fields.authorization;
    this.#certificate = fields.certificate;
  }

  /** Value of the header of that name. */
  get authorization(): string | undefined {
    return this.#authorization;
  }

  /** For the TLS connection. */
  get certificate(): Certificate | undefined {
    return this.#certificate;
  }
}

export interface CredentialSource {
  /** @throws {DomainError} unauthenticated/kube_credentials: there are none, and why */
  current(signal?: AbortSignal): Promise<Credentials>;
  /** Tells that the server did not accept them. Says whether there may be others the next time. */
  refuse(credentials: Credentials): boolean;
}

export function bearer(token: string): string {
  return `Bearer ${token}`;
}

export function basic(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}
