/**
 * Just enough XML for the answers of S3: elements and text, read once from start to end. Written here because the general parsers
 * bring document types, processing and entity expansion, which are what hostile XML works with. No recursion, and bounded.
 */
import { DomainError } from "../../base/errors.ts";

export interface XmlElement {
  /** Without its namespace prefix. */
  readonly name: string;
  readonly children: readonly XmlElement[];
  /** The text directly in it. */
  readonly text: string;
}

interface OpenElement extends XmlElement {
  readonly children: OpenElement[];
  text: string;
}

const MAX_DEPTH = 16;
/** 1,000 versions, the longest page, have some 12,000. */
const MAX_ELEMENTS = 100_000;
const TAG = /<(?:\?[^>]*\?|(?<close>\/?)(?<name>[A-Za-z_][\w.:-]*)(?:\s[^<>]*?)?(?<empty>\/?))>/y;
const ENTITY = /&(?:(?<name>amp|lt|gt|quot|apos)|#(?<decimal>\d{1,7})|#x(?<hex>[\da-fA-F]{1,6}));|&/g;
const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/**
 * Gives the root element.
 *
 * @throws {DomainError} corrupt/storage_answer: not well formed, or with anything that S3 does not send
 */
export function parseXml(text: string): XmlElement {
  const top: OpenElement = { name: "", children: [], text: "" };
  const open: OpenElement[] = [top];
  let elements = 0;
  for (let at = 0; at < text.length;) {
    const inner = open.at(-1) ?? top;
    const next = text.indexOf("<", at);
    if (next !== at) {
      inner.text += decodeEntities(text.slice(at, next === -1 ? undefined : next));
      at = next === -1 ? text.length : next;
      continue;
    }
    TAG.lastIndex = at;
    const tag = TAG.exec(text);
    if (tag === null) throw malformed(`unexpected text after "<" at character ${at}`);
    at = TAG.lastIndex;
    const { close, name, empty } = tag.groups ?? {};
    if (name === undefined) continue; // <?xml …?>
    const local = name.slice(name.indexOf(":") + 1);
    if (close === "/") {
      if (open.length === 1 || inner.name !== local) throw malformed(`"${local}" is closed where it is not open`);
      open.pop();
      continue;
    }
    const element: OpenElement = { name: local, children: [], text: "" };
    inner.children.push(element);
    if (++elements > MAX_ELEMENTS) throw malformed(`more than ${MAX_ELEMENTS} elements`);
    if (empty !== "/" && open.push(element) > MAX_DEPTH) throw malformed(`more than ${MAX_DEPTH} levels`);
  }
  const [root] = top.children;
  if (open.length > 1) throw malformed("it ends too early");
  if (root === undefined || top.children.length > 1 || top.text.trim() !== "") throw malformed("not one element");
  return root;
}

/** Text of a child; undefined if there is none of the name. */
export function childText(element: XmlElement, name: string): string | undefined {
  return element.children.find((child) => child.name === name)?.text;
}

function decodeEntities(text: string): string {
  if (!text.includes("&")) return text;
  return text.replaceAll(ENTITY, (whole, name?: string, decimal?: string, hex?: string) => {
    if (name !== undefined) return ENTITIES[name] ?? "";
    const code = decimal === undefined ? Number.parseInt(hex ?? "", 16) : Number(decimal);
    if (Number.isNaN(code) || code > 0x10_ffff) throw malformed(`"${whole}" is no character`);
    return String.fromCodePoint(code);
  });
}

function malformed(state: string): DomainError {
  return new DomainError("corrupt", "storage_answer", `Cannot read an answer of the storage: ${state}`);
}
