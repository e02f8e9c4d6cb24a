/** Many small files, in a tree or in one folder. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { jsonLine, makeLog } from "./logs.ts";
import { type Seeded } from "./seeded.ts";

const FILES_IN_FOLDER = 100;
const FOLDERS_IN_FOLDER = 100;
const TEXT_FILES = 0.75;
const FILLED_FILES = 0.1;

/** Files of 0.2 to 8 KB, 100 in a folder: three quarters are text, the others can not be compressed. */
export function writeSmallFiles(random: Seeded, folder: string, count: number): void {
  writeTree(folder, count, () => {
    const length = random.between(200, 8_192);
    return random.chance(TEXT_FILES) ? makeLog(random, jsonLine, length).subarray(0, length) : random.bytes(length);
  });
}

/** Files of 100 to 200 bytes, each of them a blob of its own. */
export function writeTinyFiles(random: Seeded, folder: string, count: number): void {
  writeTree(folder, count, () => random.bytes(random.between(100, 200)));
}

/** All in one folder; most are empty. */
export function writeCrowdedFolder(random: Seeded, folder: string, count: number): void {
  mkdirSync(folder, { recursive: true });
  for (let file = 0; file < count; file++) {
    writeFileSync(join(folder, `file-${file}`), random.chance(FILLED_FILES) ? random.bytes(32) : "");
  }
}

function writeTree(folder: string, count: number, content: () => Uint8Array): void {
  let parent = folder;
  for (let file = 0; file < count; file++) {
    if (file % FILES_IN_FOLDER === 0) {
      const number = file / FILES_IN_FOLDER;
      parent = join(folder, String(Math.floor(number / FOLDERS_IN_FOLDER)), String(number % FOLDERS_IN_FOLDER));
      mkdirSync(parent, { recursive: true });
    }
    writeFileSync(join(parent, `${file}.dat`), content());
  }
}
