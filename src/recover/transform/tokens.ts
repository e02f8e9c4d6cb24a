/** The words of a condition. */
import type { JsonValue } from "../../kube/json.ts";

export type Token = { readonly kind: "name" | "sign"; readonly text: string } | { readonly kind: "value"; readonly value: JsonValue };

const MAX_LENGTH = 4096;
/** One token and the white space before it. Source of names and signs: the grammar of CEL, less what conditions do not have. */
const TOKEN =
  /\s*(?:(?<number>-?\d+(?:\.\d+)?)|(?<text>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')|(?<name>[A-Za-z_]\w*)|(?<sign>&&|\|\||[=!<>]=|[<>!()[\].,]))/y;

const CONSTANTS: ReadonlyMap<string, JsonValue> = new Map<string, JsonValue>([
  ["true", true],
  ["false", false],
  ["null", null],
]);

/** @throws {SyntaxError} */
export function tokensOf(source: string): readonly Token[] {
  if (source.length > MAX_LENGTH) throw new SyntaxError(`it is longer than ${MAX_LENGTH} letters`);
  const text = source.trimEnd();
  const tokens: Token[] = [];
  const pattern = new RegExp(TOKEN);
  while (pattern.lastIndex < text.length) {
    const start = pattern.lastIndex;
    const groups = pattern.exec(text)?.groups;
    if (groups === undefined) throw new SyntaxError(`nothing that can be read stands at letter ${start + 1}`);
    tokens.push(tokenOf(groups));
  }
  return tokens;
}

function tokenOf({ number, text, name, sign }: Readonly<Record<string, string | undefined>>): Token {
  if (number !== undefined) return { kind: "value", value: Number(number) };
  if (text !== undefined) return { kind: "value", value: unquoted(text) };
  if (name === undefined) return { kind: "sign", text: sign ?? "" };
  const constant = CONSTANTS.get(name);
  return constant === undefined ? { kind: "name", text: name } : { kind: "value", value: constant };
}

function unquoted(text: string): string {
  return text.slice(1, -1).replace(/\\(.)/g, (_all, letter: string) => (letter === "n" ? "\n" : letter === "t" ? "\t" : letter));
}
