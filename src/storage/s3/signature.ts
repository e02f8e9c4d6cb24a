/** AWS Signature Version 4 in the Authorization header (Amazon S3 API Reference, "Authenticating Requests"). */
import { createHmac, hash } from "node:crypto";
import type { Credentials } from "./credentials.ts";
import { amzDate } from "./times.ts";

export interface SignableRequest {
  readonly method: string;
  /** Encoded by {@link encodePath}. */
  readonly path: string;
  /** Encoded and sorted by {@link encodeQuery}. */
  readonly query: string;
  /** Names in lower case, `host` among them. All are signed. */
  readonly headers: Readonly<Record<string, string>>;
  /** SHA-256 of the body, in hex. */
  readonly payloadHash: string;
}

export interface SigningScope {
  readonly region: string;
  readonly nowMs: number;
}

/** The headers of the request and those that sign it. */
export function signedHeaders(request: SignableRequest, credentials: Credentials, scope: SigningScope): Record<string, string> {
  const time = amzDate(scope.nowMs);
  const { sessionToken } = credentials;
  const headers: Record<string, string> = {
    ...request.headers,
    "x-amz-content-sha256": request.payloadHash,
    "x-amz-date": time,
    ...(sessionToken === undefined ? {} : { "x-amz-security-token": sessionToken }),
  };
  const names = Object.keys(headers).toSorted();
  const lines = names.map((name) => `${name}:${(headers[name] ?? "").trim().replaceAll(/ +/g, " ")}`);
  const canonical = [request.method, request.path, request.query, ...lines, "", names.join(";"), request.payloadHash].join("\n");
  const place = `${time.slice(0, 8)}/${scope.region}/s3/aws4_request`;
  const key = place.split("/").reduce<string | Buffer>((secret, part) => hmac(secret, part), `AWS4${credentials.secretAccessKey}`);
  const signature = hmac(key, ["AWS4-HMAC-SHA256", time, place, hash("sha256", canonical)].join("\n")).toString("hex");
  headers["authorization"] =
    `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${place}, SignedHeaders=${names.join(";")}, Signature=${signature}`;
  return headers;
}

/** Encodes everything but the slashes. */
export function encodePath(path: string): string {
  return path.split("/").map(encode).join("/");
}

/** Encodes names and values, in the order that signatures want; a parameter without a value is the empty text. */
export function encodeQuery(query: Readonly<Record<string, string>>): string {
  return Object.entries(query)
    .map(([name, value]) => [encode(name), encode(value)] as const)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join("&");
}

/** Percent-encodes all but RFC 3986's unreserved characters, which encodeURIComponent is five short of. */
function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}
