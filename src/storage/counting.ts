/** Counts what is asked of a store. Below the retries, each attempt counts. */
import { intercept, type Operation } from "./intercept.ts";
import type { ObjectStore } from "./object-store.ts";

export interface Traffic {
  /** A list is one for each page of S3, a thousand objects. */
  readonly requests: number;
  /** Of objects: neither headers nor the text of lists. */
  readonly bytesSent: number;
  readonly bytesReceived: number;
}

const OBJECTS_PER_PAGE = 1000;

/** The traffic goes on counting. */
export function counting(store: ObjectStore): { readonly store: ObjectStore; readonly traffic: Traffic } {
  const traffic = { requests: 0, bytesSent: 0, bytesReceived: 0 };
  const listed = new WeakMap<Operation, number>();
  const startsRequest = (operation: Operation): boolean => {
    const before = listed.get(operation) ?? 0;
    listed.set(operation, before + 1);
    return operation.name !== "list" || before % OBJECTS_PER_PAGE === 0;
  };
  const counted = intercept(store, async (operation, call) => {
    if (startsRequest(operation)) traffic.requests++;
    const result = await call();
    traffic.bytesSent += operation.sendBytes;
    if (result instanceof Uint8Array) traffic.bytesReceived += result.length;
    return result;
  });
  return { store: counted, traffic };
}
