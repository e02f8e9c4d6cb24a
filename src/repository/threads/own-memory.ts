/** Memory that is handed from thread to thread. */

/** Bytes that can be handed over: memory that other views may look at, such as Node's pool of small buffers, cannot. */
export function ownBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer } = bytes;
  return buffer instanceof ArrayBuffer && buffer.byteLength === bytes.byteLength ? new Uint8Array(buffer) : new Uint8Array(bytes);
}

/**
 * Frees memory at once: until the collector comes by itself, each thread would hold up to 64 MB of it. No other view may lie in
 * the same buffer, so nothing happens to one that is longer than the bytes.
 */
export function release({ buffer, byteLength }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
}
