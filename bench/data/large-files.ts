/** Folders of files that are megabytes long. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { jsonLine, type LogLine, makeLog, textLine } from "./logs.ts";
import { makePages, PAGE_BYTES } from "./pages.ts";
import { type Seeded } from "./seeded.ts";
import { MIB } from "./sizes.ts";

const LARGEST_RANDOM_MIB = 64;
const LOG_FILE_BYTES = 16 * MIB;
const TABLE_BYTES = 64 * MIB;
const FIRST_TABLE = 16_384;

/** Files of 1 to 64 MiB that nothing can compress; each size is as likely as its double. */
export function writeRandomFiles(random: Seeded, folder: string, totalBytes: number): void {
  mkdirSync(folder, { recursive: true });
  for (let file = 0, left = totalBytes; left > 0; file++) {
    const length = Math.min(left, Math.floor(MIB * LARGEST_RANDOM_MIB ** random.fraction()));
    writeFileSync(join(folder, `${file}.bin`), random.bytes(length));
    left -= length;
  }
}

/** Text and JSON in equal parts. */
export function writeLogs(random: Seeded, folder: string, totalBytes: number): void {
  const kinds: readonly (readonly [string, LogLine])[] = [
    ["text", textLine],
    ["json", jsonLine],
  ];
  for (const [name, line] of kinds) {
    mkdirSync(join(folder, name), { recursive: true });
    for (let file = 0, left = totalBytes / kinds.length; left > 0; file++, left -= LOG_FILE_BYTES) {
      writeFileSync(join(folder, name, `${file}.log`), makeLog(random, line, Math.min(left, LOG_FILE_BYTES)));
    }
  }
}

export function writeDatabase(random: Seeded, folder: string, totalBytes: number): void {
  mkdirSync(folder, { recursive: true });
  for (let table = 0, left = totalBytes; left > 0; table++, left -= TABLE_BYTES) {
    writeFileSync(join(folder, String(FIRST_TABLE + table)), makePages(random, Math.floor(Math.min(left, TABLE_BYTES) / PAGE_BYTES)));
  }
}
