import { DomainError } from "../../base/errors.ts";

/** Whether an error is about what was asked for, and not about the store as a whole. */
export function isDamage(error: unknown): error is DomainError {
  return error instanceof DomainError && (error.kind === "corrupt" || error.code === "object_not_found");
}
