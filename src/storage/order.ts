/** The order of keys: by their UTF-8 bytes, which differs from JavaScript's order of strings above U+FFFF. */
export function compareKeys(a: string, b: string): number {
  return a === b ? 0 : Buffer.compare(Buffer.from(a), Buffer.from(b));
}
