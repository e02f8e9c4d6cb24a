/** A token in a file that somebody else renews, as the kubelet does for service accounts. */
import { readFile } from "node:fs/promises";
import type { Clock } from "../../base/clock.ts";
import { DomainError } from "../../base/errors.ts";
import { bearer, Credentials, type CredentialSource } from "./credentials.ts";

/** A renewed token is in use after this time at the latest. Old ones stay valid for minutes. */
const READ_AGAIN_MS = 10_000;

export class TokenFile implements CredentialSource {
  readonly #path: string;
  readonly #others: Credentials;
  readonly #clock: Clock;
  #token = "";
  #kept: Credentials | undefined;
  #readMs = -Infinity;

  /** @param others What holds besides; its authorization until the file has been read once. */
  constructor(path: string, others: Credentials, clock: Clock) {
    this.#path = path;
    this.#others = others;
    this.#clock = clock;
  }

  async current(signal?: AbortSignal): Promise<Credentials> {
    if (this.#kept !== undefined && this.#clock.monotonicMs() - this.#readMs < READ_AGAIN_MS) return this.#kept;
    try {
      const token = (await readFile(this.#path, { encoding: "utf8", signal })).trim();
      if (token === "") throw new DomainError("unauthenticated", "kube_credentials", `Cannot read token file "${this.#path}": it is empty`);
      this.#readMs = this.#clock.monotonicMs();
      if (this.#kept === undefined || token !== this.#token) {
        this.#token = token;
        this.#kept = new Credentials({ authorization: bearer(token), certificate: this.#others.certificate });
      }
    } catch (error) {
      signal?.throwIfAborted();
      // It may be in the middle of being replaced: what was there last still holds.
      if (this.#kept !== undefined) return this.#kept;
      if (this.#others.authorization !== undefined) return this.#others;
      if (error instanceof DomainError) throw error;
      const state = (error as NodeJS.ErrnoException).code ?? "unknown error";
      throw new DomainError("unauthenticated", "kube_credentials", `Cannot read token file "${this.#path}": ${state}`);
    }
    return this.#kept;
  }

  refuse(): boolean {
    this.#readMs = -Infinity;
    return true;
  }
}
