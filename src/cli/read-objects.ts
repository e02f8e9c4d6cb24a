/** Objects of Kubernetes from files, as kubectl reads and writes them. */
import { readFile } from "node:fs/promises";
import { text as readText } from "node:stream/consumers";
import type { HandWritten } from "../base/fields.ts";
import { refusal } from "../base/fields.ts";
import { parseYamlDocuments } from "../base/yaml-fields.ts";
import { isJsonObject, type JsonObject, listIn, objectIn, parseJson, textIn } from "../kube/json.ts";
import type { CommandContext } from "./context.ts";

const JSON_START = /^\s*[[{]/;

/**
 * @param file `-` for standard input
 * @throws {DomainError} usage/object_file: it cannot be read, or holds something else than objects
 */
export async function readObjects(file: string, context: Pick<CommandContext, "signal" | "stdin">): Promise<readonly JsonObject[]> {
  const source = { file, what: "object file", code: "object_file" };
  const objects = documentsOf(source, await read(source, context)).flatMap(itemsOf);
  if (objects.length === 0) throw refusal(source, "there is no object in it");
  return objects.map((object) => checked(source, object));
}

async function read(source: HandWritten, { stdin, signal }: Pick<CommandContext, "signal" | "stdin">): Promise<string> {
  try {
    return await (source.file === "-" ? readText(stdin) : readFile(source.file, { encoding: "utf8", signal }));
  } catch (error) {
    signal.throwIfAborted();
    const code = (error as NodeJS.ErrnoException).code ?? "unknown error";
    throw refusal(source, code === "ENOENT" ? "there is no such file" : `it cannot be read (${code})`);
  }
}

/** JSON keeps integers of many digits, which YAML's numbers cannot. */
function documentsOf(source: HandWritten, text: string): readonly unknown[] {
  if (JSON_START.test(text)) {
    try {
      return [parseJson(text)];
    } catch {
      // Flow style of YAML begins like that, too.
    }
  }
  return parseYamlDocuments(source, text);
}

/** `kubectl get -o json` gives a List of what it finds. */
function itemsOf(document: unknown): readonly unknown[] {
  if (!isJsonObject(document)) return [document];
  return textIn(document, "kind") === "List" && textIn(document, "apiVersion") === "v1" ? listIn(document, "items") : [document];
}

function checked(source: HandWritten, object: unknown): JsonObject {
  const isObject =
    isJsonObject(object) &&
    textIn(object, "apiVersion") !== undefined &&
    textIn(object, "kind") !== undefined &&
    textIn(objectIn(object, "metadata"), "name") !== undefined;
  if (!isObject) throw refusal(source, "it has something in it without apiVersion, kind and name");
  return object;
}
