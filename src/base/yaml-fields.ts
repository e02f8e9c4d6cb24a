/** YAML that somebody wrote by hand. */
import { readFile } from "node:fs/promises";
import { load, loadAll, YAMLException } from "js-yaml";
import { Fields, type HandWritten, refusal } from "./fields.ts";

const MAX_BYTES = 16 * 1024 ** 2;

/**
 * @returns undefined if there is no such file
 * @throws {DomainError} usage: it cannot be read, is not YAML, or not a mapping
 */
export async function readYamlFields(source: HandWritten, signal?: AbortSignal): Promise<Fields | undefined> {
  let text: string;
  try {
    text = await readFile(source.file, { encoding: "utf8", signal });
  } catch (error) {
    signal?.throwIfAborted();
    const code = (error as NodeJS.ErrnoException).code ?? "unknown error";
    if (code === "ENOENT") return undefined;
    throw refusal(source, `it cannot be read (${code})`);
  }
  return parseYamlFields(source, text);
}

/** Aliases are refused: a few lines with them can mean more than fits any memory. */
export function parseYamlFields(source: HandWritten, text: string): Fields {
  if (text.length > MAX_BYTES) throw refusal(source, `it is longer than ${MAX_BYTES} bytes`);
  return Fields.of(source, "", parseYaml(source, text));
}

/** Several in one text, with `---` between them; empty ones are passed over. Of JSON, too, which is YAML. */
export function parseYamlDocuments(source: HandWritten, text: string): readonly unknown[] {
  if (text.length > MAX_BYTES) throw refusal(source, `it is longer than ${MAX_BYTES} bytes`);
  const documents = parsed(source, () => loadAll(text, { maxAliases: 0 }));
  return documents.filter((document) => document !== null && document !== undefined);
}

function parseYaml(source: HandWritten, text: string): unknown {
  if (text.trim() === "") return {};
  return parsed(source, () => load(text, { maxAliases: 0 })) ?? {};
}

function parsed<T>(source: HandWritten, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    // What the parser says quotes the file, secrets included: the place has to do.
    const mark = error instanceof YAMLException ? error.mark : undefined;
    throw refusal(source, mark === undefined ? "it is not YAML" : `it is not YAML (line ${mark.line + 1}, column ${mark.column + 1})`);
  }
}
