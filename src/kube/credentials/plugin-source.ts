/** Runs an exec plug-in when its credentials are needed, one run for all who wait, and keeps them until they expire or are refused. */
import { orAbort } from "../../base/concurrency.ts";
import type { ExecPlugin } from "../access.ts";
import type { Credentials, CredentialSource } from "./credentials.ts";
import { type PluginContext, runPlugin } from "./plugin-run.ts";

/** So long before they expire credentials are renewed: a request takes a moment to get there. */
const RENEW_BEFORE_MS = 10_000;

export class PluginSource implements CredentialSource {
  readonly #plugin: ExecPlugin;
  readonly #context: PluginContext;
  /** Ends a run that nobody waits for any more. */
  readonly #closed: AbortSignal;
  #kept: Credentials | undefined;
  #running: Promise<Credentials> | undefined;

  constructor(plugin: ExecPlugin, context: PluginContext, closed: AbortSignal) {
    this.#plugin = plugin;
    this.#context = context;
    this.#closed = closed;
  }

  async current(signal?: AbortSignal): Promise<Credentials> {
    if (this.#kept !== undefined && !this.#isOver(this.#kept)) return this.#kept;
    this.#running ??= this.#run().finally(() => (this.#running = undefined));
    return signal === undefined ? this.#running : orAbort(this.#running, signal);
  }

  /** Another request may have had them renewed already. */
  refuse(credentials: Credentials): boolean {
    if (this.#kept === credentials) this.#kept = undefined;
    return true;
  }

  async #run(): Promise<Credentials> {
    this.#kept = await runPlugin(this.#plugin, this.#context, this.#closed);
    return this.#kept;
  }

  #isOver({ expiresMs }: Credentials): boolean {
    return expiresMs !== undefined && expiresMs - RENEW_BEFORE_MS <= this.#context.clock.now();
  }
}
