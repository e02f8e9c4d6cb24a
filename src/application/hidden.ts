import { DomainError } from "../base/errors.ts";

/** Whether a list failed because its kind may not be seen, or is gone since one asked what there is: the others can be listed all the same. */
export function isHidden(error: unknown): error is DomainError {
  return error instanceof DomainError && (error.kind === "forbidden" || error.kind === "unsupported");
}
