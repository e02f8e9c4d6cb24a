/** The end of what a command said, for people: little of it, nothing that steers a terminal, and no passwords that are recognised as such. */
import { byteStringOf, displayText } from "../base/byte-string.ts";

const MAX_BYTES = 4096;
const MAX_LINES = 3;
const MAX_LETTERS = 500;

const SECRETS: readonly (readonly [RegExp, string])[] = [
  // user:secret@host in a URL
  [/(:\/\/[^\s/:@]*:)[^\s/@]+@/g, "$1…@"],
  // password=secret, --password secret, IDENTIFIED BY 'secret'
  [/\b([-\w]*(?:passw(?:or)?d|secret|token|auth)["']?\s*[=:]\s*)(?:"[^"]*"|'[^']*'|\S+)/gi, "$1…"],
  [/((?:--[-\w]*(?:password|token)|identified\s+by(?:\s+password)?|\bpassword)\s+)(?:"[^"]*"|'[^']*'|(?<=--\S+\s)\S+)/gi, "$1…"],
];

export class CommandWords {
  #bytes: Uint8Array = new Uint8Array();

  /** Only the last of it is kept. */
  add(bytes: Uint8Array): void {
    this.#bytes = Buffer.concat([this.#bytes, bytes.subarray(-MAX_BYTES)]).subarray(-MAX_BYTES);
  }

  /** In one line; empty if it said nothing. */
  get text(): string {
    const lines = Buffer.from(this.#bytes)
      .toString("utf8")
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => line !== "");
    const said = SECRETS.reduce((text, [form, shown]) => text.replaceAll(form, shown), lines.slice(-MAX_LINES).join("; "));
    return displayText(byteStringOf(said.length > MAX_LETTERS ? `…${said.slice(-MAX_LETTERS)}` : said));
  }
}
