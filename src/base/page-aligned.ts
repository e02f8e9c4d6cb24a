/** Memory as direct writes need it. JavaScript's begins anywhere; WebAssembly's begins at a page. */

const WASM_PAGE_BYTES = 64 << 10;

/** Zeros from the start of a page on. Takes address space far beyond its length: for few that live long. */
export function pageAligned(bytes: number): Uint8Array<ArrayBuffer> {
  const pages = Math.ceil(bytes / WASM_PAGE_BYTES);
  return new Uint8Array(new WebAssembly.Memory({ initial: pages, maximum: pages }).buffer, 0, bytes);
}
