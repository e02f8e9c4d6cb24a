/** Label selectors, in the words of the API (`a=b,c in (d,e),!f`) and as objects have them (`matchLabels`, `matchExpressions`). */
import { DomainError } from "../base/errors.ts";
import { type JsonObject, type JsonValue, listIn, objectIn, textIn } from "../kube/json.ts";

export interface Requirement {
  readonly label: string;
  readonly operator: "DoesNotExist" | "Exists" | "In" | "NotIn";
  readonly values: readonly string[];
}

/** All must hold. None: it matches everything. */
export type Selector = readonly Requirement[];

/** Source: Kubernetes, "Labels and Selectors": a label with an optional prefix, and values of at most 63 letters. */
const LABEL = String.raw`(?:[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?`;
const VALUE = String.raw`(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?)?`;
const EQUALITY = new RegExp(String.raw`^\s*(?<label>${LABEL})\s*(?<sign>==?|!=)\s*(?<value>${VALUE})\s*$`);
const SET = new RegExp(String.raw`^\s*(?<label>${LABEL})\s+(?<sign>in|notin)\s*\((?<values>[^()]*)\)\s*$`);
const EXISTENCE = new RegExp(String.raw`^\s*(?<not>!?)\s*(?<label>${LABEL})\s*$`);
const WHOLE_VALUE = new RegExp(`^${VALUE}$`);
/** At commas that are not within parentheses. */
const SEPARATOR = /,(?![^(]*\))/;

/** @throws {DomainError} usage/selector */
export function parseSelector(text: string): Selector {
  return text.split(SEPARATOR).map((part) => parseRequirement(text, part));
}

function parseRequirement(text: string, part: string): Requirement {
  const equality = EQUALITY.exec(part)?.groups;
  if (equality !== undefined) {
    const { label = "", sign, value = "" } = equality;
    return { label, operator: sign === "!=" ? "NotIn" : "In", values: [value] };
  }
  const set = SET.exec(part)?.groups;
  if (set !== undefined) {
    const values = (set["values"] ?? "").split(",").map((value) => value.trim());
    if (!values.every((value) => WHOLE_VALUE.test(value))) throw refusal(text, part);
    return { label: set["label"] ?? "", operator: set["sign"] === "in" ? "In" : "NotIn", values };
  }
  const existence = EXISTENCE.exec(part)?.groups;
  if (existence === undefined) throw refusal(text, part);
  return { label: existence["label"] ?? "", operator: existence["not"] === "!" ? "DoesNotExist" : "Exists", values: [] };
}

function refusal(text: string, part: string): DomainError {
  return new DomainError("usage", "selector", `Cannot read selector "${text}": "${part.trim()}" is none`, {
    hint: 'Write it as in "app=shop,tier in (web,db),!test"',
  });
}

/** A `LabelSelector`; undefined if it is none that can be understood, so that it matches nothing rather than too much. */
export function selectorOf(selector: JsonObject): Selector | undefined {
  const labels = objectIn(selector, "matchLabels");
  const equal = Object.keys(labels).map((label) => ({ label, operator: "In", values: [textIn(labels, label) ?? ""] }) as const);
  const expressions = listIn(selector, "matchExpressions").map(expression);
  const known = expressions.filter((requirement) => requirement !== undefined);
  const isUnderstood = known.length === expressions.length && equal.length + known.length > 0;
  return isUnderstood ? [...equal, ...known] : undefined;
}

const OPERATORS = ["DoesNotExist", "Exists", "In", "NotIn"] as const;

function expression(value: JsonValue): Requirement | undefined {
  const operator = OPERATORS.find((name) => name === textIn(value, "operator"));
  const values = listIn(value, "values").filter((item) => typeof item === "string");
  return operator === undefined ? undefined : { label: textIn(value, "key") ?? "", operator, values };
}

export function matches(selector: Selector, labels: JsonObject): boolean {
  return selector.every(({ label, operator, values }) => {
    const value = textIn(labels, label);
    if (operator === "Exists" || operator === "DoesNotExist") return (value !== undefined) === (operator === "Exists");
    const isIn = value !== undefined && values.includes(value);
    return isIn === (operator === "In");
  });
}
