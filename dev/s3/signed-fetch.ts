/** One request to an S3 server, signed with AWS Signature Version 4 (Amazon S3 API Reference, "Authenticating Requests"). */
import { createHash, createHmac } from "node:crypto";

export interface S3Credentials {
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface S3Request {
  readonly method: "DELETE" | "GET" | "HEAD" | "PUT";
  /** `/bucket` or `/bucket/key`, not yet encoded. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** Names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal | undefined;
}

/** Sends the request and returns the answer, whatever its status. */
export async function signedFetch(server: S3Credentials, request: S3Request): Promise<Response> {
  const time = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, "");
  const url = new URL(server.endpoint);
  const path = request.path.split("/").map(encode).join("/");
  const query = Object.entries(request.query ?? {})
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .toSorted()
    .join("&");
  const bodyHash = sha256(request.body ?? "");
  const headers: Record<string, string> = { ...request.headers, host: url.host, "x-amz-content-sha256": bodyHash, "x-amz-date": time };
  const names = Object.keys(headers).toSorted();
  const lines = names.map((name) => `${name}:${headers[name]}`);
  const canonical = [request.method, path, query, ...lines, "", names.join(";"), bodyHash].join("\n");
  const scope = `${time.slice(0, 8)}/${server.region}/s3/aws4_request`;
  const key = scope.split("/").reduce<string | Buffer>((secret, part) => hmac(secret, part), `AWS4${server.secretAccessKey}`);
  const signature = hmac(key, ["AWS4-HMAC-SHA256", time, scope, sha256(canonical)].join("\n")).toString("hex");
  headers["authorization"] =
    `AWS4-HMAC-SHA256 Credential=${server.accessKeyId}/${scope}, SignedHeaders=${names.join(";")}, Signature=${signature}`;
  return fetch(`${url.origin}${path}${query === "" ? "" : `?${query}`}`, {
    method: request.method,
    headers,
    body: request.body ?? null,
    signal: request.signal ?? null,
  });
}

/** Percent-encodes all but RFC 3986's unreserved characters, which encodeURIComponent is four short of. */
function encode(text: string): string {
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}
