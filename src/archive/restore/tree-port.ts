/** How a thread gets trees: the main thread reads packs. */
import { MessageChannel, type MessagePort } from "node:worker_threads";
import { asDomainError, DomainError } from "../../base/errors.ts";
import type { LocalCache } from "../../repository/local-cache.ts";
import { keyOfFile } from "../../repository/layout.ts";
import type { Repository } from "../../repository/repository.ts";
import { WholePacks } from "../../repository/whole-packs.ts";
import type { ErrorMessage, TreeReply, TreeRequest } from "./messages.ts";
import { type FetchTree, isDamage, type TreePlace } from "./trees.ts";
import { ownBytes } from "../../repository/threads/own-memory.ts";

/** For the thread. */
export function treesThrough(port: MessagePort): FetchTree {
  const waiting = new Map<number, PromiseWithResolvers<Uint8Array>>();
  let last = 0;
  port.on("message", ({ request, result }: TreeReply) => {
    const asked = waiting.get(request);
    waiting.delete(request);
    if ("sealed" in result) asked?.resolve(result.sealed);
    else asked?.reject(errorOf(result.failure));
  });
  return (place) => {
    const asked = Promise.withResolvers<Uint8Array>();
    waiting.set(++last, asked);
    port.postMessage({ request: last, ...place } satisfies TreeRequest);
    return asked.promise;
  };
}

/** For the main thread: gives the port to hand to the other. */
export function serveTrees(fetch: FetchTree): MessagePort {
  const { port1, port2 } = new MessageChannel();
  const answer = async ({ request, ...place }: TreeRequest): Promise<void> => {
    try {
      const sealed = ownBytes(await fetch(place));
      port1.postMessage({ request, result: { sealed } } satisfies TreeReply, [sealed.buffer]);
    } catch (error) {
      port1.postMessage({ request, result: { failure: messageOf(error) } } satisfies TreeReply);
    }
  };
  port1.on("message", (request: TreeRequest) => void answer(request));
  return port2;
}

/** Through the cache, pack-wise; of a pack that is damaged, what is asked for and no more. */
export function treeFetch(repository: Repository, cache: LocalCache | undefined, signal: AbortSignal): FetchTree {
  const packs = new WholePacks(repository, cache);
  return async ({ pack, offset, length }: TreePlace) => {
    try {
      return await packs.read(pack, offset, length, { signal });
    } catch (error) {
      if (!isDamage(error)) throw error;
      return repository.store.get(keyOfFile("data", pack), { range: { offset, length }, signal });
    }
  };
}

export function messageOf(error: unknown): ErrorMessage {
  const { kind, code, message, hint } = asDomainError(error);
  return { kind, code, message, hint };
}

export function errorOf({ kind, code, message, hint }: ErrorMessage): DomainError {
  return new DomainError(kind, code, message, hint === undefined ? {} : { hint });
}
