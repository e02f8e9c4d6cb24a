/** The one place that loads node:ffi: functions of the process itself, which are libc's, OpenSSL's and zstd's. */
import type * as FfiModule from "node:ffi";
import type { DynamicLibrary, FunctionDefinitions, WrappedFunctionsFromDefinitions } from "node:ffi";
import { DomainError } from "../base/errors.ts";

type Ffi = typeof FfiModule;

/** What a signed 32-bit length can say: the longest input of one native call. */
export const MAX_NATIVE_BYTES: number = 2 ** 31 - 1;

let ffi: Ffi | undefined;
/** Kept for ever: functions of a library that is collected are gone. */
const libraries: DynamicLibrary[] = [];

/**
 * Functions of this process by their C signatures.
 *
 * @throws {DomainError} unsupported/ffi: no node:ffi here, or a function is missing
 */
export function nativeFunctions<const T extends FunctionDefinitions>(definitions: T): WrappedFunctionsFromDefinitions<T> {
  try {
    // One for each caller: a library refuses a second signature of the same function.
    const library = new (loadFfi().DynamicLibrary)(null);
    libraries.push(library);
    return library.getFunctions(definitions);
  } catch (error) {
    const state = error instanceof Error ? error.message : String(error);
    throw new DomainError("unsupported", "ffi", `Cannot load native functions: ${state}`, { cause: error });
  }
}

/** More than one native call takes. */
const HELD = 4;
/** What native calls may be reading: an address alone does not keep bytes from being collected. */
const held: Uint8Array[] = [];
let nextHeld = 0;

/** The address of bytes, for the next call. Their buffer must not be transferred, resized or detached before. */
export function addressOf(bytes: Uint8Array): bigint {
  held[nextHeld] = bytes;
  nextHeld = (nextHeld + 1) % HELD;
  return loadFfi().getRawPointer(bytes);
}

/** Memory that native calls read and write; it never moves. */
export class NativeBuffer {
  readonly memory: ArrayBuffer;
  readonly bytes: Buffer;
  readonly address: bigint;

  constructor(length: number) {
    this.memory = new ArrayBuffer(length);
    this.bytes = Buffer.from(this.memory);
    this.address = addressOf(this.bytes);
  }
}

/** A view of memory that is not ours. It must outlive the view. */
export function foreignMemory(address: bigint, length: number): ArrayBuffer {
  return loadFfi().toArrayBuffer(address, length, false);
}

/** @throws {DomainError} internal/native_call: there is no memory */
export function allocated(address: bigint): bigint {
  if (address === 0n) throw nativeFailure();
  return address;
}

/** A call failed that cannot, with the arguments it was given. */
export function nativeFailure(): DomainError {
  return new DomainError("internal", "native_call", "Cannot process bytes: a native call failed");
}

function loadFfi(): Ffi {
  ffi ??= withoutFfiWarning(() => process.getBuiltinModule("node:ffi") as Ffi | undefined);
  if (ffi === undefined) throw new Error("this Node has no node:ffi, or it is switched off");
  return ffi;
}

/** Loading node:ffi warns that it is experimental, which is said in the documents and nothing a user can act on. */
export function withoutFfiWarning<T>(load: () => T): T {
  const own = Object.getOwnPropertyDescriptor(process, "emitWarning") ?? {};
  const emitWarning = process.emitWarning.bind(process) as (...parts: readonly unknown[]) => void;
  const emitOthers = (...parts: readonly unknown[]): void => {
    if (parts[1] !== "ExperimentalWarning" || !String(parts[0]).startsWith("FFI ")) emitWarning(...parts);
  };
  Object.defineProperty(process, "emitWarning", { ...own, value: emitOthers });
  try {
    return load();
  } finally {
    Object.defineProperty(process, "emitWarning", own);
  }
}
