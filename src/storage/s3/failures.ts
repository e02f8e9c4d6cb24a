/** What answers of a server and faults of the network mean in the terms of the contract. One place decides it for every request. */
import { DomainError, type DomainErrorOptions, type ErrorKind } from "../../base/errors.ts";
import { faultCodeOf, isCertificateFault } from "../../base/network-fault.ts";
import { parseHttpDate } from "./times.ts";
import { childText, parseXml } from "./xml.ts";

/** What failed, as messages say it. */
export interface Attempt {
  /** A verb and what it is done to: `put "config"`. */
  readonly action: string;
  /** Where: the URL of the store. */
  readonly url: string;
}

export interface FailedAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Uint8Array;
  readonly nowMs: number;
}

type Meaning = readonly [kind: ErrorKind, code: string, state: string, hint?: string];

const UNAVAILABLE: Meaning = ["unavailable", "storage_unavailable", "the server cannot do it now"];
const WRONG_KEY: Meaning = [
  "unauthenticated",
  "storage_credentials",
  "the server does not accept the credentials",
  "Check the access key and its secret, and that they belong to this endpoint",
];
const EXPIRED: Meaning = ["unauthenticated", "storage_credentials", "the credentials have expired", "Get new ones and try again"];
const THROTTLED: Meaning = ["unavailable", "storage_unavailable", "the server asks to slow down"];
const FULL: Meaning = ["unavailable", "storage_full", "no space is left, or the quota is used up", "Make room or raise the quota"];
const OTHER_REGION: Meaning = ["usage", "storage_region", "the bucket is in another region", "Add its region to the URL: region=…"];
const EXISTS: Meaning = ["conflict", "object_exists", "there is one already"];
const LOCKED: Meaning = ["forbidden", "object_locked", "it is under retention or legal hold", "Wait until its retention has ended"];
const FORBIDDEN: Meaning = [
  "forbidden",
  "storage_forbidden",
  "the credentials do not allow it",
  "Grant them access to the bucket and its objects",
];
const NOT_FOUND: Meaning = ["not-found", "object_not_found", "there is none"];
const TORN: Meaning = ["corrupt", "storage_torn", "it is shorter than the range"];

/** Amazon S3 API Reference, "List of error codes", and what other servers send instead. */
const BY_CODE: Readonly<Record<string, Meaning>> = {
  InvalidAccessKeyId: WRONG_KEY,
  SignatureDoesNotMatch: WRONG_KEY,
  InvalidToken: WRONG_KEY,
  XAdminUserNotFound: WRONG_KEY,
  ExpiredToken: EXPIRED,
  TokenRefreshRequired: EXPIRED,
  RequestTimeTooSkewed: [
    "unavailable",
    "clock_skew",
    "the clocks of this machine and of the server differ too much",
    "Set the clock of this machine; signatures hold for 15 minutes",
  ],
  NoSuchBucket: ["not-found", "bucket_not_found", "there is no such bucket", "Create the bucket, or check its name and the endpoint"],
  NoSuchKey: NOT_FOUND,
  NoSuchVersion: NOT_FOUND,
  PreconditionFailed: EXISTS,
  // The object was deleted meanwhile, or another put of it is under way: whether it exists will be known the next time.
  ConditionalRequestConflict: UNAVAILABLE,
  OperationAborted: UNAVAILABLE,
  RequestTimeout: UNAVAILABLE,
  SlowDown: THROTTLED,
  QuotaExceeded: FULL,
  XMinioStorageFull: FULL,
  XMinioAdminBucketQuotaExceeded: FULL,
  PermanentRedirect: OTHER_REGION,
  AuthorizationHeaderMalformed: OTHER_REGION,
  IllegalLocationConstraintException: OTHER_REGION,
  InvalidRange: TORN,
};

const BY_STATUS: Readonly<Record<number, Meaning>> = {
  301: OTHER_REGION,
  401: WRONG_KEY,
  403: FORBIDDEN,
  408: UNAVAILABLE,
  409: EXISTS,
  412: EXISTS,
  416: TORN,
  429: THROTTLED,
  503: UNAVAILABLE,
  507: FULL,
};

/** Servers refuse with AccessDenied (403) or InvalidRequest (400), and say only in words that it is a lock. */
const LOCK_WORDS = /worm|object.?lock|retention|legal.?hold/i;
/** IAM names the action that it forbids, as in "s3:PutObjectRetention". */
const PERMISSION_WORDS = /not authorized|s3:\w/i;
const MAX_WORDS = 300;

/** The error of an answer that is not a success. */
export function answerError(attempt: Attempt, answer: FailedAnswer): DomainError {
  const { status, headers } = answer;
  const { code, words } = readError(answer.body);
  const retryAfterMs = parseRetryAfter(headers["retry-after"], answer.nowMs);
  const details = {
    status,
    ...(code === undefined ? {} : { s3Code: code }),
    ...(words === undefined ? {} : { answer: words }),
    ...(headers["x-amz-request-id"] === undefined ? {} : { requestId: headers["x-amz-request-id"] }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
  const byCode = code !== undefined && Object.hasOwn(BY_CODE, code) ? BY_CODE[code] : undefined;
  const isLock = (status === 403 || status === 400) && LOCK_WORDS.test(`${code} ${words}`) && !PERMISSION_WORDS.test(words ?? "");
  // Only an answer to HEAD has no body. A 404 that says something else must not pass for an object that is not there.
  const isMissing = (status === 404 && answer.body.length === 0) || headers["x-amz-delete-marker"] === "true";
  const byWords = isLock ? LOCKED : isMissing ? NOT_FOUND : undefined;
  return failure(attempt, byCode ?? byWords ?? BY_STATUS[status] ?? byClass(status, code), { details });
}

/** The error of a request that got no whole answer. */
export function networkError(attempt: Attempt, cause: unknown): DomainError {
  const code = faultCodeOf(cause);
  if (isCertificateFault(code)) return failure(attempt, UNTRUSTED, { cause });
  const state = TIMEOUTS[code] ?? `no answer from the server${code === "" ? "" : ` (${code})`}`;
  return failure(attempt, ["unavailable", "storage_unavailable", state], { cause });
}

/** The error of an answer whose body ended before it was whole: the connection was cut, and asking again can help. */
export function cutShortError(attempt: Attempt, cause?: unknown): DomainError {
  const meaning: Meaning = ["unavailable", "storage_unavailable", "the answer ended before all of its bytes had come"];
  return failure(attempt, meaning, cause === undefined ? {} : { cause });
}

/** The error of a range that ends after the object does. */
export function tornError(attempt: Attempt): DomainError {
  return failure(attempt, TORN);
}

/** Whether waiting ended it, rather than the other side. */
export function isTimeout(cause: unknown): boolean {
  return Object.hasOwn(TIMEOUTS, faultCodeOf(cause));
}

export function failure(attempt: Attempt, meaning: Meaning, options: DomainErrorOptions = {}): DomainError {
  const [kind, code, state, hint] = meaning;
  const message = `Cannot ${attempt.action} in "${attempt.url}": ${state}`;
  return new DomainError(kind, code, message, { ...options, ...(hint === undefined ? {} : { hint }) });
}

/** The code of S3 that an error came with. */
export function s3CodeOf(error: unknown): unknown {
  return error instanceof DomainError ? error.details["s3Code"] : undefined;
}

const UNTRUSTED: Meaning = [
  "unavailable",
  "storage_unavailable",
  "the certificate of the server is not trusted",
  "Check the endpoint, or give the file of the certificate authority that signed it",
];

const TIMEOUTS: Readonly<Record<string, string>> = {
  UND_ERR_CONNECT_TIMEOUT: "the server did not accept a connection in time",
  UND_ERR_HEADERS_TIMEOUT: "the server did not answer in time",
  UND_ERR_BODY_TIMEOUT: "the server stopped in the middle of its answer",
};

function byClass(status: number, code: string | undefined): Meaning {
  if (status >= 500 && status !== 501) return UNAVAILABLE;
  return ["unsupported", "storage_refused", `the server refuses it (${status}${code === undefined ? "" : ` ${code}`})`];
}

/** Anything may stand here, a proxy's web page too: then only the status speaks. Words are cut, and one line. */
function readError(body: Uint8Array): { readonly code?: string | undefined; readonly words?: string | undefined } {
  try {
    const root = parseXml(new TextDecoder().decode(body));
    if (root.name !== "Error") return {};
    const [code, words] = ["Code", "Message"].map((name) =>
      childText(root, name)
        ?.replaceAll(/[\s\p{Cc}]+/gu, " ")
        .slice(0, MAX_WORDS),
    );
    return { code, words };
  } catch {
    return {};
  }
}

/** RFC 9110: seconds, or a date. */
function parseRetryAfter(text: string | undefined, nowMs: number): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1_000;
  const dateMs = parseHttpDate(text);
  return dateMs === undefined ? undefined : Math.max(0, dateMs - nowMs);
}
