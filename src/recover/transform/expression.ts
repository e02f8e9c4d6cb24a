/**
 * Conditions over the fields of an object, in a part of the Common Expression Language that Kubernetes has them in, too:
 * `object.spec.replicas > 1 && !has(object.spec.paused)`. What is not there is neither true nor false, and so is all that is said
 * of it; a condition holds only if it is true.
 */
import { isJsonObject, type JsonObject, type JsonValue } from "../../kube/json.ts";
import { type Token, tokensOf } from "./tokens.ts";

export type Condition = (object: JsonObject) => boolean;

/** undefined: it is not there, or makes no sense of what is there. */
type Value = JsonValue | undefined;
/** By name: `object`, and the items that `exists` and `all` go over. */
type Scope = Readonly<Record<string, Value>>;
type Expression = (scope: Scope) => Value;

const MAX_DEPTH = 50;

/** @throws {SyntaxError} with what is wrong, and nothing of the text but names of its own */
export function compileCondition(text: string): Condition {
  const parser = new Parser(tokensOf(text));
  const expression = parser.whole();
  return (object) => expression({ object }) === true;
}

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;
  readonly #names = new Set(["object"]);

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  whole(): Expression {
    const expression = this.#or();
    if (this.#at < this.#tokens.length) throw this.#unexpected();
    return expression;
  }

  #or(): Expression {
    if (++this.#depth > MAX_DEPTH) throw new SyntaxError("it is nested too deeply");
    let left = this.#and();
    while (this.#take("||")) left = or(left, this.#and());
    this.#depth--;
    return left;
  }

  #and(): Expression {
    let left = this.#relation();
    while (this.#take("&&")) left = and(left, this.#relation());
    return left;
  }

  #relation(): Expression {
    const left = this.#not();
    const sign = this.#signs(["==", "!=", "<=", ">=", "<", ">", "in"]);
    if (sign === undefined) return left;
    const right = this.#not();
    const compare = RELATIONS[sign];
    return (scope) => {
      const [one, other] = [left(scope), right(scope)];
      return one === undefined || other === undefined ? undefined : compare?.(one, other);
    };
  }

  #not(): Expression {
    if (!this.#take("!")) return this.#member();
    const inner = this.#not();
    return (scope) => {
      const value = inner(scope);
      return typeof value === "boolean" ? !value : undefined;
    };
  }

  #member(): Expression {
    let value = this.#primary();
    while (true) {
      if (this.#take(".")) {
        const name = this.#name();
        value = this.#take("(") ? this.#method(value, name) : fieldOf(value, () => name);
      } else if (this.#take("[")) {
        value = fieldOf(value, this.#or());
        this.#expect("]");
      } else {
        return value;
      }
    }
  }

  #primary(): Expression {
    const token = this.#tokens[this.#at];
    if (this.#take("(")) return this.#until(this.#or(), ")");
    if (this.#take("[")) return this.#list();
    if (token === undefined) throw new SyntaxError("it ends where something is missing");
    this.#at++;
    if (token.kind === "value") return () => token.value;
    if (token.kind === "name") return this.#named(token.text);
    this.#at--;
    throw this.#unexpected();
  }

  #named(name: string): Expression {
    if (this.#names.has(name)) return (scope) => scope[name];
    if (name === "has" || name === "size") {
      this.#expect("(");
      const inner = this.#until(this.#or(), ")");
      return name === "has" ? (scope) => inner(scope) !== undefined : (scope) => sizeOf(inner(scope));
    }
    throw new SyntaxError(`"${name}" is not known; conditions are about "object"`);
  }

  #method(of: Expression, name: string): Expression {
    if (name === "exists" || name === "all") return this.#overItems(of, name);
    const method = METHODS[name];
    if (method === undefined) throw new SyntaxError(`"${name}" is none of ${[...Object.keys(METHODS), "exists", "all"].join(", ")}`);
    const argument = this.#until(this.#or(), ")");
    return (scope) => {
      const [text, other] = [of(scope), argument(scope)];
      return typeof text === "string" && typeof other === "string" ? method(text, other) : undefined;
    };
  }

  /** `containers.exists(c, c.name == "web")` */
  #overItems(of: Expression, which: "all" | "exists"): Expression {
    const name = this.#name();
    if (this.#names.has(name)) throw new SyntaxError(`"${name}" is in use already`);
    this.#expect(",");
    this.#names.add(name);
    const condition = this.#until(this.#or(), ")");
    this.#names.delete(name);
    return (scope) => {
      const items = of(scope);
      if (!Array.isArray(items)) return undefined;
      const holds = (item: JsonValue): boolean => condition({ ...scope, [name]: item }) === true;
      return which === "all" ? (items as readonly JsonValue[]).every(holds) : (items as readonly JsonValue[]).some(holds);
    };
  }

  #list(): Expression {
    const items: Expression[] = [];
    while (!this.#take("]")) {
      if (items.length > 0) this.#expect(",");
      items.push(this.#or());
    }
    return (scope) => items.map((item) => item(scope) ?? null);
  }

  #until(expression: Expression, sign: string): Expression {
    this.#expect(sign);
    return expression;
  }

  #name(): string {
    const token = this.#tokens[this.#at++];
    if (token?.kind !== "name") throw new SyntaxError("a name is missing");
    return token.text;
  }

  #take(sign: string): boolean {
    return this.#signs([sign]) !== undefined;
  }

  #signs(signs: readonly string[]): string | undefined {
    const token = this.#tokens[this.#at];
    if (token === undefined || token.kind === "value" || !signs.includes(token.text)) return undefined;
    this.#at++;
    return token.text;
  }

  #expect(sign: string): void {
    if (!this.#take(sign)) throw new SyntaxError(`"${sign}" is missing`);
  }

  #unexpected(): SyntaxError {
    const token = this.#tokens[this.#at];
    return new SyntaxError(
      token === undefined || token.kind === "value" ? "a value stands where none can be" : `"${token.text}" stands where it cannot`,
    );
  }
}

function or(left: Expression, right: Expression): Expression {
  return (scope) => {
    const values = [left(scope), right(scope)];
    return values.includes(true) || (values.every((value) => value === false) ? false : undefined);
  };
}

function and(left: Expression, right: Expression): Expression {
  return (scope) => {
    const values = [left(scope), right(scope)];
    return values.includes(false) ? false : values.every((value) => value === true) ? true : undefined;
  };
}

function fieldOf(of: Expression, name: Expression): Expression {
  return (scope) => {
    const [value, key] = [of(scope), name(scope)];
    if (Array.isArray(value) && typeof key === "number") return (value as readonly JsonValue[])[key];
    return isJsonObject(value) && typeof key === "string" && Object.hasOwn(value, key) ? value[key] : undefined;
  };
}

function sizeOf(value: Value): Value {
  if (typeof value === "string" || Array.isArray(value)) return value.length;
  return isJsonObject(value) ? Object.keys(value).length : undefined;
}

const METHODS: Readonly<Record<string, (text: string, other: string) => boolean>> = {
  contains: (text, other) => text.includes(other),
  endsWith: (text, other) => text.endsWith(other),
  startsWith: (text, other) => text.startsWith(other),
};

const RELATIONS: Readonly<Record<string, (left: JsonValue, right: JsonValue) => Value>> = {
  "==": isEqual,
  "!=": (left, right) => !isEqual(left, right),
  "<": (left, right) => ordered(left, right, (sign) => sign < 0),
  "<=": (left, right) => ordered(left, right, (sign) => sign <= 0),
  ">": (left, right) => ordered(left, right, (sign) => sign > 0),
  ">=": (left, right) => ordered(left, right, (sign) => sign >= 0),
  in: (left, right) => {
    if (Array.isArray(right)) return (right as readonly JsonValue[]).some((item) => isEqual(left, item));
    return isJsonObject(right) && typeof left === "string" ? Object.hasOwn(right, left) : undefined;
  },
};

function isEqual(left: JsonValue, right: JsonValue): boolean {
  return left === right || (typeof left === "object" && JSON.stringify(left) === JSON.stringify(right));
}

function ordered(left: JsonValue, right: JsonValue, holds: (sign: number) => boolean): Value {
  if (typeof left === "number" && typeof right === "number") return holds(left - right);
  return typeof left === "string" && typeof right === "string" ? holds(left < right ? -1 : left > right ? 1 : 0) : undefined;
}
