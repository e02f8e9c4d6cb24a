/** What a request to the API server says. */
import type { Impersonation } from "./access.ts";

export interface KubeRequest {
  readonly method: "DELETE" | "GET" | "PATCH" | "POST" | "PUT";
  /** For messages: `list secrets in namespace "a"`. */
  readonly action: string;
  /** Below the URL of the server, encoded. */
  readonly path: string;
  readonly query?: Query | undefined;
  /** @default application/json */
  readonly accept?: string | undefined;
  readonly body?: { readonly type: string; readonly value: unknown } | undefined;
  /** Whether doing it twice is as good as doing it once. A GET always is; what the server has certainly not done is repeated anyway. */
  readonly isRepeatable?: boolean | undefined;
  /** A longer answer is refused, and not read on. */
  readonly maxAnswerBytes?: number | undefined;
  /** Told of every fault that is overcome by asking again. */
  readonly onRetry?: ((error: unknown) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export type Query = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

/** Kubernetes, "User impersonation": keys of extra fields are percent-encoded, since they may hold what a header must not. */
export function impersonationHeaders(as: Impersonation): Record<string, string | string[]> {
  return {
    "impersonate-user": as.user,
    ...(as.uid === undefined ? {} : { "impersonate-uid": as.uid }),
    ...(as.groups.length === 0 ? {} : { "impersonate-group": [...as.groups] }),
    ...Object.fromEntries(
      Object.entries(as.extra).map(([name, values]) => [`impersonate-extra-${encodeURIComponent(name).toLowerCase()}`, [...values]]),
    ),
  };
}

export function encodeQuery(query: Query): string {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    (Array.isArray(value) ? (value as readonly string[]) : [value])
      .filter((item) => item !== undefined)
      .map((item) => `${name}=${encodeURIComponent(String(item))}`),
  );
  return pairs.length === 0 ? "" : `?${pairs.join("&")}`;
}
