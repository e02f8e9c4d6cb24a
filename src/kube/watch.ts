/**
 * Changes as they happen, none lost and none twice: a connection that breaks is resumed where it was, and what the server has
 * forgotten meanwhile is listed anew. An event is read only when the one before has been taken.
 */
import { DomainError, isRetryable } from "../base/errors.ts";
import { answerError, failure } from "./failures.ts";
import { isJsonObject, type JsonObject, objectIn, parseJson, textIn } from "./json.ts";
import type { KubeApi } from "./kube-api.ts";
import { lines } from "./lines.ts";
import { type ListOptions, listPages } from "./list.ts";
import { apiVersionOf, describe, pathOf, type ResourcePath } from "./resource-type.ts";

export type WatchEvent =
  /** What was known is void: all that there is follows as `added`, up to the next bookmark. */
  | { readonly type: "resync" }
  | { readonly type: "added" | "deleted" | "modified"; readonly object: JsonObject }
  /** Nothing to know but that one can go on from here. */
  | { readonly type: "bookmark"; readonly resourceVersion: string };

export interface WatchOptions extends ListOptions {
  /** Goes on after this moment; without one it begins with a resync. */
  readonly resourceVersion?: string | undefined;
  /** A connection without a byte for so long is given up. @default 150 s: the server sends a bookmark each minute */
  readonly idleTimeoutMs?: number | undefined;
  /** Told of every fault that is overcome. */
  readonly onInterruption?: ((error: unknown) => void) | undefined;
}

export type WatchedResource = ResourcePath & { readonly kind: string };

const METADATA = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json";
const IDLE_TIMEOUT_MS = 150_000;
/** The server ends a watch after this time and as much again at most, so that clients spread over its replicas. */
const WATCH_SECONDS = 240;
/** Larger than any object that the server stores. */
const MAX_LINE_BYTES = 16 * 1024 ** 2;
const FIRST_DELAY_MS = 500;
const MAX_DELAY_MS = 30_000;

/** Ends only with the signal. @throws {DomainError} what does not pass by itself: the user may not watch, there is no such resource */
export async function* watch(
  api: KubeApi,
  resource: WatchedResource,
  options: WatchOptions = {},
): AsyncGenerator<WatchEvent, void, undefined> {
  const { signal, onInterruption } = options;
  let from = options.resourceVersion;
  let failures = 0;
  while (true) {
    try {
      if (from === undefined) {
        from = yield* resync(api, resource, options);
        yield { type: "bookmark", resourceVersion: from };
      }
      for await (const event of connect(api, resource, options, from)) {
        from = event.type === "bookmark" ? event.resourceVersion : (resourceVersionOf(event.object) ?? from);
        failures = 0;
        yield event;
      }
    } catch (error) {
      signal?.throwIfAborted();
      const isExpired = error instanceof DomainError && error.code === "kube_expired";
      if (!isExpired && !isRetryable(error)) throw error;
      if (isExpired) from = undefined;
      failures++;
      onInterruption?.(error);
    }
    // Also after an end without a fault, so that many clients do not come back at the same moment.
    await api.clock.sleep(api.random() * Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** failures), signal);
  }
}

/** @returns the moment that it shows */
async function* resync(api: KubeApi, resource: WatchedResource, options: WatchOptions): AsyncGenerator<WatchEvent, string, undefined> {
  let resourceVersion = "";
  yield { type: "resync" };
  for await (const page of listPages(api, resource, options)) {
    for (const object of page.items) yield { type: "added", object };
    resourceVersion = page.resourceVersion;
  }
  return resourceVersion;
}

type ChangeEvent = Exclude<WatchEvent, { readonly type: "resync" }>;

/** The events of one connection. */
async function* connect(
  api: KubeApi,
  resource: WatchedResource,
  options: WatchOptions,
  resourceVersion: string,
): AsyncGenerator<ChangeEvent, void, undefined> {
  const { namespace, labelSelector, fieldSelector, isMetadataOnly = false, signal, idleTimeoutMs = IDLE_TIMEOUT_MS } = options;
  const action = `watch ${describe(resource, { namespace })}`;
  const attempt = api.attempt(action);
  const timeoutSeconds = Math.round(WATCH_SECONDS * (1 + api.random()));
  const query = { watch: true, allowWatchBookmarks: true, resourceVersion, timeoutSeconds, labelSelector, fieldSelector };
  const accept = isMetadataOnly ? METADATA : undefined;
  const request = { method: "GET", action, path: pathOf(resource, { namespace }), accept, query, signal } as const;
  const tooLong = (): Error => failure(attempt, ["corrupt", "kube_too_long", `an event has more than ${MAX_LINE_BYTES} bytes`]);
  const type = { apiVersion: apiVersionOf(resource), kind: resource.kind };
  for await (const line of lines(api.stream(request, idleTimeoutMs), MAX_LINE_BYTES, tooLong)) {
    const { word, object } = parseEvent(line);
    // A kind of event that is not known yet may be one more change: what cannot be told must not be lost.
    if (word === undefined) throw failure(attempt, ["unavailable", "kube_unavailable", "the server sends what is no event"]);
    if (word === "ERROR") throw answerError(attempt, { status: Number(object["code"]), body: JSON.stringify(object) });
    const version = resourceVersionOf(object);
    if (word !== "BOOKMARK") yield { type: CHANGES[word], object: { ...type, ...object, ...type } };
    else if (version !== undefined) yield { type: "bookmark", resourceVersion: version };
  }
}

const CHANGES = { ADDED: "added", MODIFIED: "modified", DELETED: "deleted" } as const;
type Word = keyof typeof CHANGES | "BOOKMARK" | "ERROR";

function parseEvent(line: string): { readonly word: Word | undefined; readonly object: JsonObject } {
  try {
    const event = parseJson(line);
    const word = textIn(event, "type") ?? "";
    const isKnown = Object.hasOwn(CHANGES, word) || word === "BOOKMARK" || word === "ERROR";
    const isWhole = isJsonObject(event) && isJsonObject(event["object"]);
    return { word: isKnown && isWhole ? (word as Word) : undefined, object: objectIn(event, "object") };
  } catch {
    return { word: undefined, object: {} };
  }
}

function resourceVersionOf(object: JsonObject): string | undefined {
  return textIn(objectIn(object, "metadata"), "resourceVersion");
}
