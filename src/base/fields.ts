/** Reads what somebody wrote by hand field by field; errors name the file and the field, and never a value, which may be a secret. */
import { DomainError } from "./errors.ts";

export interface HandWritten {
  readonly file: string;
  /** As messages call it: `kubeconfig`. */
  readonly what: string;
  /** Of errors. */
  readonly code: string;
}

export class Fields {
  readonly source: HandWritten;
  readonly #path: string;
  readonly #values: ReadonlyMap<string, unknown>;

  /** @param path Where in the file, as `users[1].user`; empty for all of it */
  private constructor(source: HandWritten, path: string, values: ReadonlyMap<string, unknown>) {
    this.source = source;
    this.#path = path;
    this.#values = values;
  }

  /** @throws {DomainError} usage: it is no mapping */
  static of(source: HandWritten, path: string, value: unknown): Fields {
    if (!isMapping(value)) throw refusal(source, path === "" ? "it is not a mapping" : `"${path}" is not a mapping`);
    return new Fields(source, path, new Map(Object.entries(value)));
  }

  /** An empty text is as none, as it is for kubectl. */
  text(name: string): string | undefined {
    const value = this.#value(name);
    if (value === undefined || value === "") return undefined;
    if (typeof value !== "string") throw this.refusal(name, "is not a text");
    return value;
  }

  requiredText(name: string): string {
    const text = this.text(name);
    if (text === undefined) throw this.refusal(name, "is missing");
    return text;
  }

  oneOf<const T extends string>(name: string, choices: readonly T[]): T | undefined {
    const text = this.text(name);
    const choice = choices.find((candidate) => candidate === text);
    if (text !== undefined && choice === undefined) throw this.refusal(name, `is none of ${choices.join(", ")}`);
    return choice;
  }

  flag(name: string): boolean {
    const value = this.#value(name);
    if (value !== undefined && typeof value !== "boolean") throw this.refusal(name, "is neither true nor false");
    return value === true;
  }

  /** The bytes of a text in base64, as text. */
  decoded(name: string): string | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    try {
      return new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.fromBase64(text));
    } catch {
      throw this.refusal(name, "is not text in base64");
    }
  }

  texts(name: string): readonly string[] {
    const value = this.#value(name) ?? [];
    if (!Array.isArray(value) || !value.every((item) => typeof item === "string")) throw this.refusal(name, "is not a list of texts");
    return value;
  }

  mapping(name: string): Fields | undefined {
    const value = this.#value(name);
    return value === undefined ? undefined : Fields.of(this.source, this.#at(name), value);
  }

  mappings(name: string): readonly Fields[] {
    const value = this.#value(name) ?? [];
    if (!Array.isArray(value)) throw this.refusal(name, "is not a list");
    return value.map((item, index) => Fields.of(this.source, `${this.#at(name)}[${index}]`, item));
  }

  /** @throws {DomainError} usage: it has something that is none of these, as a mistyped name is */
  onlyHas(names: readonly string[]): void {
    const other = this.names().find((name) => !names.includes(name));
    if (other !== undefined) throw this.refusal(other, `is not known here, but ${names.map((name) => `"${name}"`).join(", ")}`);
  }

  names(): readonly string[] {
    return [...this.#values.keys()];
  }

  /** What is there, whatever it is. */
  raw(name: string): unknown {
    return this.#value(name);
  }

  refusal(name: string, state: string): DomainError {
    return refusal(this.source, `"${this.#at(name)}" ${state}`);
  }

  /** Nothing was written after the colon: as if the line were not there. */
  #value(name: string): unknown {
    return this.#values.get(name) ?? undefined;
  }

  #at(name: string): string {
    return this.#path === "" ? name : `${this.#path}.${name}`;
  }
}

export function refusal({ file, what, code }: HandWritten, state: string): DomainError {
  return new DomainError("usage", code, `Cannot use ${what} "${file}": ${state}`);
}

function isMapping(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
