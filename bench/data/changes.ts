/** The same data some time later: 2 % of the bytes overwritten, and here and there some inserted, so that all that follows is shifted. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Seeded } from "./seeded.ts";

export const CHANGED_SHARE = 0.02;

/** Smaller files are written anew as a whole, as programs do with small files. */
const SMALL_FILE_BYTES = 64 * 1024;
/** Changes lie together: so many of the larger files are touched at all. */
const TOUCHED_FILES = 0.4;
const SHIFTED_FILES = 0.1;
const RUN_BYTES = [4 * 1024, 256 * 1024] as const;
const LONGEST_INSERTION_BYTES = 8 * 1024;

/** Writes a changed copy of all files below `source` to the new folder `target`. */
export function copyChanged(random: Seeded, source: string, target: string): void {
  mkdirSync(target);
  const entries = readdirSync(source, { withFileTypes: true }).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const [from, to] = [join(source, entry.name), join(target, entry.name)];
    if (entry.isDirectory()) copyChanged(random.fork(entry.name), from, to);
    else writeFileSync(to, changed(random.fork(entry.name), readFileSync(from)));
  }
}

/** May overwrite `content`. */
export function changed(random: Seeded, content: Buffer): Buffer {
  if (content.length < SMALL_FILE_BYTES) return random.chance(CHANGED_SHARE) ? random.bytes(content.length) : content;
  if (!random.chance(TOUCHED_FILES)) return content;
  let left = (content.length * CHANGED_SHARE) / TOUCHED_FILES;
  while (left > 0) {
    const length = Math.min(random.between(...RUN_BYTES), Math.ceil(left));
    random.bytes(length).copy(content, random.between(0, content.length - length));
    left -= length;
  }
  if (!random.chance(SHIFTED_FILES / TOUCHED_FILES)) return content;
  const at = random.between(0, content.length >>> 1);
  return Buffer.concat([content.subarray(0, at), random.bytes(random.between(1, LONGEST_INSERTION_BYTES)), content.subarray(at)]);
}
