/** Files that a kubeconfig points at. Their paths begin where it lies. */
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { Fields } from "../../base/fields.ts";

export function pathIn(fields: Fields, name: string): string | undefined {
  const path = fields.text(name);
  return path === undefined ? undefined : resolve(dirname(fields.source.file), path);
}

/** What `NAME-data` holds, or else the file that `NAME` names: in PEM form. */
export async function pemOf(fields: Fields, name: string, signal?: AbortSignal): Promise<string | undefined> {
  const dataName = `${name}-data`;
  const data = fields.decoded(dataName);
  if (data !== undefined) return requirePem(fields, dataName, data);
  const path = pathIn(fields, name);
  if (path === undefined) return undefined;
  let text: string;
  try {
    text = await readFile(path, { encoding: "utf8", signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw fields.refusal(name, `names "${path}", which cannot be read (${(error as NodeJS.ErrnoException).code ?? "unknown error"})`);
  }
  return requirePem(fields, name, text);
}

function requirePem(fields: Fields, name: string, text: string): string {
  if (!text.includes("-----BEGIN ")) throw fields.refusal(name, "is not in PEM form");
  return text;
}
