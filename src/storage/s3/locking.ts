/** Object Lock in compliance mode. */
import { hash } from "node:crypto";
import { isoTime } from "../../base/clock.ts";
import type { ObjectKey, ObjectLocking, VersionId } from "../object-store.ts";
import type { S3Client, S3Request } from "./client.ts";
import { failure, s3CodeOf } from "./failures.ts";
import { parseIsoTime } from "./times.ts";
import { childText, parseXml, type XmlElement } from "./xml.ts";

const SECOND_MS = 1_000;
const MAX_ANSWER_BYTES = 64 * 1024;
/** An object without retention or legal hold: a 404 of its own code, which servers do not agree on. */
const NOT_SET: ReadonlySet<unknown> = new Set(["NoSuchObjectLockConfiguration", "ObjectLockConfigurationNotFoundError"]);

export function s3Locking(client: S3Client): ObjectLocking {
  const ask = async (request: S3Request): Promise<XmlElement | undefined> => {
    try {
      const { body } = await client.request({ ...request, maxAnswerBytes: MAX_ANSWER_BYTES });
      return parseXml(new TextDecoder().decode(body));
    } catch (error) {
      if (NOT_SET.has(s3CodeOf(error))) return undefined;
      throw error;
    }
  };
  const locking: ObjectLocking = {
    async retainedUntilMs(key, version, { signal } = {}) {
      const action = `read the retention of "${key}"`;
      const retention = await ask({ method: "GET", action, key, query: queryOf("retention", version), signal });
      const text = retention === undefined ? "" : (childText(retention, "RetainUntilDate") ?? "");
      return text === "" ? undefined : parseIsoTime(text);
    },
    async retainUntil(key, untilMs, version, options = {}) {
      const action = `extend the retention of "${key}"`;
      const until = retentionDate(untilMs);
      const xml = `<Retention xmlns="${NAMESPACE}"><Mode>COMPLIANCE</Mode><RetainUntilDate>${until}</RetainUntilDate></Retention>`;
      try {
        await client.request(documentPut(action, { key, query: queryOf("retention", version), xml, signal: options.signal }));
      } catch (error) {
        // S3 answers a bare AccessDenied to an earlier date, as to a missing permission.
        if (s3CodeOf(error) !== "AccessDenied") throw error;
        const setMs = await locking.retainedUntilMs(key, version, options);
        if (setMs === undefined || setMs <= untilMs) throw error;
        const state = `it is retained until ${isoTime(setMs)} already`;
        throw failure({ action, url: client.location.url }, ["forbidden", "object_locked", state], { cause: error });
      }
    },
    async hasLegalHold(key, version, { signal } = {}) {
      const action = `read the legal hold of "${key}"`;
      const hold = await ask({ method: "GET", action, key, query: queryOf("legal-hold", version), signal });
      return hold !== undefined && childText(hold, "Status") === "ON";
    },
    async setLegalHold(key, on, version, { signal } = {}) {
      const action = `${on ? "set" : "lift"} the legal hold of "${key}"`;
      const xml = `<LegalHold xmlns="${NAMESPACE}"><Status>${on ? "ON" : "OFF"}</Status></LegalHold>`;
      await client.request(documentPut(action, { key, query: queryOf("legal-hold", version), xml, signal }));
    },
  };
  return locking;
}

/** Headers of a put whose version is retained from its first moment. */
export function retentionHeaders(untilMs: number): Record<string, string> {
  return { "x-amz-object-lock-mode": "COMPLIANCE", "x-amz-object-lock-retain-until-date": retentionDate(untilMs) };
}

/** S3 demands a checksum of whatever sets or gets a lock. */
export function checksumHeader(sha256: Uint8Array): Record<string, string> {
  return { "x-amz-checksum-sha256": sha256.toBase64() };
}

const NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/";

/** Rounded up: servers keep whole seconds. */
function retentionDate(untilMs: number): string {
  return isoTime(Math.ceil(untilMs / SECOND_MS) * SECOND_MS);
}

function queryOf(what: string, version: VersionId | undefined): Record<string, string> {
  return version === undefined ? { [what]: "" } : { [what]: "", versionId: version };
}

interface LockDocument {
  readonly key: ObjectKey;
  readonly query: Readonly<Record<string, string>>;
  readonly xml: string;
  readonly signal: AbortSignal | undefined;
}

function documentPut(action: string, { xml, ...rest }: LockDocument): S3Request {
  const sha256 = hash("sha256", xml, "buffer");
  return {
    method: "PUT",
    action,
    ...rest,
    body: Buffer.from(xml),
    sha256,
    headers: { ...checksumHeader(sha256), "content-type": "text/xml" },
  };
}
