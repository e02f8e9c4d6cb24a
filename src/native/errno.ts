/** Errors of native calls in the form that Node gives its own. */
import { getSystemErrorMessage, getSystemErrorName } from "node:util";

/** An error of the operating system, as node:fs throws them. */
export interface SystemError extends Error {
  /** Its name, such as "ENOENT". */
  readonly code: string;
  /** Its number, negative. */
  readonly errno: number;
  readonly syscall: string;
  readonly path?: string;
}

/** @param errno as C has it, positive */
export function systemError(errno: number, syscall: string, path?: string): SystemError {
  const code = getSystemErrorName(-errno);
  const object = path === undefined ? "" : ` '${path}'`;
  const message = `${code}: ${getSystemErrorMessage(-errno)}, ${syscall}${object}`;
  return Object.assign(new Error(message), { code, errno: -errno, syscall, ...(path === undefined ? {} : { path }) });
}
