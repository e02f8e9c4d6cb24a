/** `s3://bucket/prefix?endpoint=…&region=…&pathStyle=true` to a typed location and back. */
import { DomainError } from "../../base/errors.ts";
import { parseObjectKey } from "../object-store.ts";
import type { Environment } from "./credentials.ts";

export interface S3Location {
  /** As a person writes it, with every setting that does not come from AWS's rules alone. */
  readonly url: string;
  readonly bucket: string;
  /** Empty, or ending at a slash. */
  readonly prefix: string;
  /** Origin without a path. */
  readonly endpoint: string;
  readonly region: string;
  /** The bucket is the first part of the path, not of the host. */
  readonly pathStyle: boolean;
}

const PARAMETERS = ["endpoint", "region", "pathStyle"] as const;
const DEFAULT_REGION = "us-east-1";
/** Amazon S3 User Guide, "Bucket naming rules"; upper case and underscores are older buckets and other servers. */
const BUCKET_FORM = /^[a-zA-Z0-9][a-zA-Z0-9._-]{1,61}[a-zA-Z0-9]$/;
const REGION_FORM = /^[a-z0-9][a-z0-9-]{0,62}$/;
/** With the 900 bytes of a key below the 1,024 that S3 allows. */
const MAX_PREFIX_BYTES = 120;

/**
 * Reads a location; what the URL leaves open comes from the environment: AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, AWS_REGION,
 * AWS_DEFAULT_REGION. A custom endpoint means path style unless the URL says otherwise.
 *
 * @throws {DomainError} usage/storage_url
 */
export function parseS3Url(text: string, environment: Environment = process.env): S3Location {
  const url = URL.parse(text);
  if (url?.protocol !== "s3:") throw refused(text, "not of the form s3://bucket/prefix");
  // Not quoted: it has the secret in it.
  if (url.username !== "" || url.password !== "") {
    throw new DomainError("usage", "storage_url", "Cannot use the URL of a storage: it has credentials in it", {
      hint: "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or write them to the shared credentials file",
    });
  }
  if (url.hash !== "") throw refused(text, 'it has a "#"');
  for (const name of url.searchParams.keys()) checkParameter(text, url.searchParams, name);
  const bucket = url.host;
  if (!BUCKET_FORM.test(bucket)) throw refused(text, `"${bucket}" is not the name of a bucket`);
  const region = setting(url.searchParams.get("region"), environment["AWS_REGION"], environment["AWS_DEFAULT_REGION"]) ?? DEFAULT_REGION;
  if (!REGION_FORM.test(region)) throw refused(text, `"${region}" is not a region`);
  const custom = setting(url.searchParams.get("endpoint"), environment["AWS_ENDPOINT_URL_S3"], environment["AWS_ENDPOINT_URL"]);
  const endpoint = custom === undefined ? awsEndpoint(region) : parseEndpoint(text, custom);
  // A certificate for *.s3.… does not cover a bucket with dots.
  const pathStyle = readFlag(text, url.searchParams.get("pathStyle")) ?? (custom !== undefined || bucket.includes("."));
  const prefix = parsePrefix(text, url.pathname);
  const shown = new URLSearchParams({
    ...(custom === undefined ? {} : { endpoint }),
    ...(region === DEFAULT_REGION ? {} : { region }),
    ...(pathStyle === (custom !== undefined) ? {} : { pathStyle: String(pathStyle) }),
  });
  // Readable, and still parsed to the same values.
  const query = shown.toString().replaceAll("%3A", ":").replaceAll("%2F", "/");
  const place = prefix === "" ? bucket : `${bucket}/${prefix.slice(0, -1)}`;
  return { url: `s3://${place}${query === "" ? "" : `?${query}`}`, bucket, prefix, endpoint, region, pathStyle };
}

function setting(...values: readonly (string | null | undefined)[]): string | undefined {
  return values.find((value): value is string => value !== null && value !== undefined && value !== "");
}

function awsEndpoint(region: string): string {
  return `https://s3.${region}.amazonaws.com${region.startsWith("cn-") ? ".cn" : ""}`;
}

function parseEndpoint(text: string, endpoint: string): string {
  const url = URL.parse(endpoint);
  if (url === null || !/^https?:$/.test(url.protocol)) throw refused(text, `endpoint "${endpoint}" is not an http or https URL`);
  if (url.username !== "" || url.password !== "") {
    throw new DomainError("usage", "storage_url", "Cannot use the URL of a storage: its endpoint has credentials in it");
  }
  if (url.pathname !== "/" || url.search !== "" || url.hash !== "") throw refused(text, `endpoint "${endpoint}" has more than a host`);
  return url.origin;
}

function parsePrefix(text: string, pathname: string): string {
  const path = decode(text, pathname).replace(/^\//, "").replace(/\/$/, "");
  if (path === "") return "";
  if (Buffer.byteLength(path) > MAX_PREFIX_BYTES) throw refused(text, `its path has more than ${MAX_PREFIX_BYTES} bytes`);
  return `${parseObjectKey(path)}/`;
}

function decode(text: string, pathname: string): string {
  try {
    return decodeURIComponent(pathname);
  } catch {
    throw refused(text, 'a "%" in its path is not followed by two hex digits of UTF-8');
  }
}

function readFlag(text: string, value: string | null): boolean | undefined {
  if (value === null) return undefined;
  if (value !== "true" && value !== "false") throw refused(text, `pathStyle is "${value}", neither "true" nor "false"`);
  return value === "true";
}

function checkParameter(text: string, all: URLSearchParams, name: string): void {
  if (PARAMETERS.some((known) => known === name)) {
    if (all.getAll(name).length > 1) throw refused(text, `parameter "${name}" is there twice`);
    return;
  }
  const plain = name.toLowerCase().replaceAll(/[^a-z]/g, "");
  const meant = PARAMETERS.find((known) => plain.slice(0, 3) === known.toLowerCase().slice(0, 3));
  // The value is not shown: it may be a secret.
  throw new DomainError("usage", "storage_url", `Cannot use the URL of a storage: unknown parameter "${name}"`, {
    hint: meant === undefined ? `Parameters are ${PARAMETERS.join(", ")}` : `Did you mean "${meant}"?`,
  });
}

function refused(text: string, state: string): DomainError {
  return new DomainError("usage", "storage_url", `Cannot use "${text}" as storage: ${state}`, {
    hint: "Write it as s3://bucket/prefix?endpoint=https://host&region=name",
  });
}
