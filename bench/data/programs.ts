/** Program binaries: what is installed here. Which they are differs from machine to machine, what they are like does not. */
import { closeSync, copyFileSync, existsSync, mkdirSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import { dirname, join } from "node:path";

/** Folders that hold binaries on Debian, and Go's, which the build needs. */
const SOURCES = ["/usr/bin", "/usr/lib", "/usr/local/go", "/usr/local/lib"] as const;
const ELF = Buffer.from("\x7fELF", "latin1");
const SMALLEST_BYTES = 16 * 1024;

/** Copies installed binaries to `target`, in the order of their paths, until it holds about `wantedBytes`. */
export function copyPrograms(target: string, wantedBytes: number): void {
  let left = wantedBytes;
  for (const path of SOURCES.flatMap(filesBelow)) {
    if (left <= 0) return;
    const { size } = statSync(path);
    if (size < SMALLEST_BYTES || size > left || !isProgram(path)) continue;
    const copy = join(target, path);
    mkdirSync(dirname(copy), { recursive: true });
    copyFileSync(path, copy);
    left -= size;
  }
}

/** Paths in a fixed order. Does not follow symbolic links, as the recursion of readdir does: /usr/bin/X11 leads to /usr/bin. */
function filesBelow(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { withFileTypes: true }).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return filesBelow(path);
    return entry.isFile() ? [path] : [];
  });
}

function isProgram(path: string): boolean {
  const file = openSync(path, "r");
  try {
    const magic = Buffer.alloc(ELF.length);
    readSync(file, magic);
    return magic.equals(ELF);
  } finally {
    closeSync(file);
  }
}
