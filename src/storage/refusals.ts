/** The errors of the contract that several stores word alike. */
import { DomainError } from "../base/errors.ts";
import type { ObjectKey, Range } from "./object-store.ts";

export function objectNotFound(url: string, key: ObjectKey, cause?: unknown): DomainError {
  return new DomainError("not-found", "object_not_found", `Cannot find object "${key}" in ${url}`, { cause });
}

export function objectExists(url: string, key: ObjectKey, cause?: unknown): DomainError {
  return new DomainError("conflict", "object_exists", `Cannot create object "${key}" in ${url}: there is one of that name`, { cause });
}

export function objectLocked(url: string, key: ObjectKey, why: string): DomainError {
  return new DomainError("forbidden", "object_locked", `Cannot change object "${key}" in ${url}: ${why}`);
}

export function objectTooLong(url: string, key: ObjectKey, maxBytes: number): DomainError {
  return new DomainError("corrupt", "storage_too_long", `Cannot read object "${key}" in ${url}: it has more than ${maxBytes} bytes`);
}

export function objectTorn(url: string, key: ObjectKey, range: Range, sizeBytes: number): DomainError {
  const wanted = `${range.length} bytes from ${range.offset}`;
  return new DomainError("corrupt", "storage_torn", `Cannot read ${wanted} of object "${key}" in ${url}: it has ${sizeBytes} bytes`);
}
