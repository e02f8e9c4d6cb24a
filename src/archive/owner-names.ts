/** Names of users and groups by number, from the machine's own files. */
import { readFile } from "node:fs/promises";

export interface OwnerNames {
  readonly users: ReadonlyMap<number, string>;
  readonly groups: ReadonlyMap<number, string>;
}

/** For volumes: the names of this machine mean nothing to the application whose files they are. */
export const NO_NAMES: OwnerNames = { users: new Map(), groups: new Map() };

/** A file that is missing or odd gives no names: numbers are what counts. */
export async function readOwnerNames(): Promise<OwnerNames> {
  const [users, groups] = await Promise.all(["/etc/passwd", "/etc/group"].map(namesIn));
  return { users: users ?? new Map(), groups: groups ?? new Map() };
}

/** Lines of `name:password:number:…`; the first one of a number counts, as for getpwuid(3). */
async function namesIn(path: string): Promise<Map<number, string>> {
  const text = await readFile(path, "utf8").catch(() => "");
  const names = new Map<number, string>();
  for (const line of text.split("\n")) {
    const [name = "", , number = ""] = line.split(":");
    if (name !== "" && /^\d+$/.test(number)) names.getOrInsert(Number(number), name);
  }
  return names;
}
