/** What answers of the API server and faults of the network mean in the terms of Holdfast. One place decides it for every request. */
import { DomainError, type DomainErrorOptions, type ErrorKind } from "../base/errors.ts";
import { faultCodeOf, isCertificateFault } from "../base/network-fault.ts";
import { isJsonObject, type JsonValue, listIn, objectIn, parseJson, textIn } from "./json.ts";
import { forbiddenRule } from "./missing-rule.ts";

/** What failed, as messages say it. */
export interface Attempt {
  /** A verb and what it is done to: `create configmaps "a" in namespace "b"`. */
  readonly action: string;
  /** URL of the API server. */
  readonly server: string;
}

export interface FailedAnswer {
  readonly status: number;
  readonly retryAfter?: string | undefined;
  readonly body: string;
}

/** One of the reasons that the server gives, as `StatusCause` of the API has it. */
export interface FailureCause {
  readonly reason?: string;
  readonly field?: string;
  readonly message?: string;
}

type Meaning = readonly [kind: ErrorKind, code: string, state: string, hint?: string];

const CREDENTIALS: Meaning = [
  "unauthenticated",
  "kube_credentials",
  "the server does not accept the credentials",
  "Log in again, or check the user of this context",
];
const FORBIDDEN: Meaning = ["forbidden", "kube_forbidden", "the server forbids it"];
const NOT_FOUND: Meaning = ["not-found", "kube_not_found", "there is none"];
const NOT_SERVED: Meaning = ["unsupported", "kube_not_served", "the server does not serve this kind of resource"];
const EXISTS: Meaning = ["conflict", "kube_exists", "there is one already"];
const CONFLICT: Meaning = ["conflict", "kube_conflict", "somebody else has changed it, or owns it"];
const EXPIRED: Meaning = ["conflict", "kube_expired", "the server no longer has this version of the list"];
const INVALID: Meaning = ["usage", "kube_invalid", "the server finds it invalid"];
const THROTTLED: Meaning = ["unavailable", "kube_throttled", "the server asks to slow down"];
const UNAVAILABLE: Meaning = ["unavailable", "kube_unavailable", "the server cannot do it now"];
const TOO_LARGE: Meaning = ["usage", "kube_too_large", "it is larger than the server takes"];
const REFUSED: Meaning = ["unsupported", "kube_refused", "the server refuses it"];

/** Kubernetes API conventions, "Response status kind", and apimachinery's StatusReason. */
const BY_REASON: Readonly<Record<string, Meaning>> = {
  Unauthorized: CREDENTIALS,
  Forbidden: FORBIDDEN,
  NotFound: NOT_FOUND,
  AlreadyExists: EXISTS,
  Conflict: CONFLICT,
  Expired: EXPIRED,
  Gone: EXPIRED,
  Invalid: INVALID,
  BadRequest: INVALID,
  TooManyRequests: THROTTLED,
  ServerTimeout: UNAVAILABLE,
  Timeout: UNAVAILABLE,
  ServiceUnavailable: UNAVAILABLE,
  InternalError: UNAVAILABLE,
  RequestEntityTooLarge: TOO_LARGE,
  MethodNotAllowed: REFUSED,
  NotAcceptable: REFUSED,
  UnsupportedMediaType: REFUSED,
};

const BY_STATUS: Readonly<Record<number, Meaning>> = {
  400: INVALID,
  401: CREDENTIALS,
  403: FORBIDDEN,
  404: NOT_SERVED,
  408: UNAVAILABLE,
  409: CONFLICT,
  410: EXPIRED,
  413: TOO_LARGE,
  422: INVALID,
  429: THROTTLED,
};

/** These say it all by themselves. Of all others the server's own words are part of the message. */
const CLEAR: ReadonlySet<Meaning> = new Set([CREDENTIALS, NOT_FOUND, NOT_SERVED, EXISTS, EXPIRED, THROTTLED]);
const MAX_WORDS = 500;
const MAX_CAUSES = 20;
/** A decoder shows what stands around its mistake, which may be the value of a Secret. */
const QUOTED_BODY = /,? error found in #\d+ byte of .*/s;

/** The error of an answer that is not a success. */
export function answerError(attempt: Attempt, answer: FailedAnswer): DomainError {
  const status = readStatus(answer.body);
  const statusDetails = objectIn(status, "details");
  const reason = textIn(status, "reason") ?? "";
  const words = wordsOf(textIn(status, "message"));
  const causes = listIn(statusDetails, "causes").slice(0, MAX_CAUSES).map(readCause);
  const retryAfterMs = readRetryAfter(answer.retryAfter, statusDetails);
  const rule = forbiddenRule(words);
  const meaning = meaningOf(answer.status, reason, statusDetails);
  const details = {
    status: answer.status,
    ...(reason === "" ? {} : { statusReason: reason }),
    ...(words === "" ? {} : { answer: words }),
    ...(causes.length === 0 ? {} : { causes }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
  if (meaning === FORBIDDEN && rule !== undefined) {
    return failure(attempt, [FORBIDDEN[0], FORBIDDEN[1], `missing the right to ${rule.text}`, rule.hint], {
      details: { ...details, rule: rule.fields },
    });
  }
  const [kind, code, state, hint] = meaning;
  const told = CLEAR.has(meaning) || words === "" ? state : `${state}: ${words}`;
  return failure(attempt, hint === undefined ? [kind, code, told] : [kind, code, told, hint], { details });
}

/** The error of a request that got no whole answer. */
export function networkError(attempt: Attempt, cause: unknown): DomainError {
  return failure(attempt, networkMeaning(attempt, faultCodeOf(cause)), { cause });
}

export function failure(attempt: Attempt, meaning: Meaning, options: DomainErrorOptions = {}): DomainError {
  const [kind, code, state, hint] = meaning;
  return new DomainError(kind, code, `Cannot ${attempt.action}: ${state}`, { ...options, ...(hint === undefined ? {} : { hint }) });
}

/** Whether the server has certainly done nothing of the request, so that even a create can be repeated. */
export function wasNotDone(error: unknown): boolean {
  return error instanceof DomainError && (error.code === "kube_throttled" || error.code === "kube_unreachable");
}

function meaningOf(status: number, reason: string, details: JsonValue): Meaning {
  // A missing object has a name; a missing kind of object has none.
  if (reason === "NotFound" && textIn(details, "name") === undefined) return NOT_SERVED;
  const byReason = Object.hasOwn(BY_REASON, reason) ? BY_REASON[reason] : undefined;
  return byReason ?? BY_STATUS[status] ?? (status >= 500 && status !== 501 ? UNAVAILABLE : REFUSED);
}

/** The request has never left this machine. */
const UNREACHABLE = /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT)$/;
/** The server does not accept the certificate of the client. */
const CLIENT_CERTIFICATE = /^ERR_SSL_(SSL\/)?TLSV\d*_ALERT|^ERR_SSL_(SSL\/)?SSLV3_ALERT/;

const STATES: Readonly<Record<string, string>> = {
  UND_ERR_CONNECT_TIMEOUT: "accepts no connection in time",
  UND_ERR_HEADERS_TIMEOUT: "does not answer in time",
  UND_ERR_BODY_TIMEOUT: "stopped in the middle of its answer",
};

function networkMeaning({ server }: Attempt, code: string): Meaning {
  if (isCertificateFault(code) && !CLIENT_CERTIFICATE.test(code)) {
    const hint = "Check the server and the certificate authority of this context";
    return ["unavailable", "kube_certificate", `the certificate of "${server}" is not trusted (${code})`, hint];
  }
  if (CLIENT_CERTIFICATE.test(code)) return CREDENTIALS;
  const state = STATES[code] ?? `does not answer${code === "" ? "" : ` (${code})`}`;
  return ["unavailable", UNREACHABLE.test(code) ? "kube_unreachable" : "kube_unavailable", `"${server}" ${state}`];
}

/** Anything may stand here, a proxy's web page too: then only the number speaks. */
function readStatus(body: string): JsonValue {
  try {
    const status = parseJson(body);
    return textIn(status, "kind") === "Status" ? status : null;
  } catch {
    return null;
  }
}

function readCause(cause: JsonValue): FailureCause {
  const [reason, field, message] = [textIn(cause, "reason"), textIn(cause, "field"), textIn(cause, "message")];
  return {
    ...(reason === undefined ? {} : { reason }),
    ...(field === undefined ? {} : { field }),
    ...(message === undefined ? {} : { message: wordsOf(message) }),
  };
}

/** What a server says, fit to be quoted: one line, not too long, and without what a decoder shows of its input. */
export function wordsOf(text = ""): string {
  return text
    .replace(QUOTED_BODY, "")
    .replaceAll(/[\s\p{Cc}]+/gu, " ")
    .trim()
    .slice(0, MAX_WORDS);
}

/** Both are seconds; the API server sends no dates. */
function readRetryAfter(header: string | undefined, details: JsonValue): number | undefined {
  const inBody = isJsonObject(details) ? details["retryAfterSeconds"] : undefined;
  if (header !== undefined && /^\d{1,6}$/.test(header)) return Number(header) * 1_000;
  return typeof inBody === "number" && inBody >= 0 ? inBody * 1_000 : undefined;
}
