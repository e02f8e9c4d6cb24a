/** Whole folders at a time, by the programs that are made for it. */
import { run } from "../dev/host/run.ts";

/** Sum of the lengths of all files below a folder. */
export async function fileBytes(folder: string, signal: AbortSignal): Promise<number> {
  const total = 'find "$1" -type f -printf "%s\\n" | awk \'{ total += $1 } END { printf "%.0f", total }\'';
  return Number((await run("sh", ["-c", total, "sh", folder], { signal })).stdout);
}

/** Reads all files below a folder, so that they lie in memory. Leaves out those above 512 GiB: they are holes. */
export async function readAll(folder: string, signal: AbortSignal): Promise<void> {
  const read = 'find "$1" -type f -size -512G -print0 | xargs --null --no-run-if-empty cat > /dev/null';
  await run("sh", ["-c", read, "sh", folder], { signal });
}
