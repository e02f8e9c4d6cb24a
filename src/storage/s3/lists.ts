/** Lists of objects and of versions, page by page. The bucket may be hostile: its names are checked, its pages must make progress. */
import { type ListOptions, type ObjectInfo, type ObjectKey, parseObjectKey, type VersionId, type VersionInfo } from "../object-store.ts";
import { compareKeys } from "../order.ts";
import type { S3Client } from "./client.ts";
import { type Attempt, failure } from "./failures.ts";
import { parseIsoTime } from "./times.ts";
import { childText, parseXml, type XmlElement } from "./xml.ts";

const PAGE_ENTRIES = "1000";
/** A thousand keys of 1,024 bytes, six times as long in entities. */
const MAX_PAGE_BYTES = 8 * 1024 ** 2;

export async function* listObjects(client: S3Client, prefix: string, options: ListOptions): AsyncGenerator<ObjectInfo, void, undefined> {
  const attempt = attemptOf(client, prefix);
  const start = options.after === undefined ? {} : { "start-after": client.location.prefix + options.after };
  const first = { "list-type": "2", "max-keys": PAGE_ENTRIES, prefix: client.location.prefix + prefix, ...start };
  const order = new Order(attempt);
  let token: string | undefined;
  do {
    const query = token === undefined ? first : { ...first, "continuation-token": token };
    const page = await readPage(client, attempt, { query, root: "ListBucketResult", signal: options.signal });
    for (const element of page.children.filter(({ name }) => name === "Contents")) {
      const info = readObject(client, attempt, element);
      if (info === undefined) continue;
      order.check(info.key, false);
      yield info;
    }
    token = nextPage(attempt, page, ["NextContinuationToken"], token);
  } while (token !== undefined);
}

export async function* listVersions(client: S3Client, prefix: string, options: ListOptions): AsyncGenerator<VersionInfo, void, undefined> {
  const attempt = attemptOf(client, prefix);
  const first = { versions: "", "max-keys": PAGE_ENTRIES, prefix: client.location.prefix + prefix };
  const order = new Order(attempt);
  let marker: string | undefined;
  let query: Readonly<Record<string, string>> =
    options.after === undefined ? first : { ...first, "key-marker": client.location.prefix + options.after };
  do {
    const page = await readPage(client, attempt, { query, root: "ListVersionsResult", signal: options.signal });
    const versions = page.children.flatMap((element) => readVersion(client, attempt, element) ?? []);
    for (const info of versions.toSorted(byKeyThenNewest)) {
      order.check(info.key, true);
      yield info;
    }
    marker = nextPage(attempt, page, ["NextKeyMarker", "NextVersionIdMarker"], marker);
    const [key, version] = ["NextKeyMarker", "NextVersionIdMarker"].map((name) => childText(page, name) ?? "");
    query = { ...first, "key-marker": key ?? "", "version-id-marker": version ?? "" };
  } while (marker !== undefined);
}

/** Some servers send all versions of a page before all of its delete markers. What ties stays as it came. */
function byKeyThenNewest(a: VersionInfo, b: VersionInfo): number {
  return compareKeys(a.key, b.key) || Number(b.isLatest) - Number(a.isLatest) || b.modifiedMs - a.modifiedMs;
}

/** Holds a server to the order that the contract promises; without it a list could also go on for ever. */
class Order {
  readonly #attempt: Attempt;
  #last = "";

  constructor(attempt: Attempt) {
    this.#attempt = attempt;
  }

  check(key: string, mayRepeat: boolean): void {
    const step = compareKeys(this.#last, key);
    if (step > 0 || (step === 0 && !mayRepeat)) throw badAnswer(this.#attempt, "its names are not in order");
    this.#last = key;
  }
}

interface PageRequest {
  readonly query: Readonly<Record<string, string>>;
  readonly root: string;
  readonly signal: AbortSignal | undefined;
}

async function readPage(client: S3Client, attempt: Attempt, { query, root, signal }: PageRequest): Promise<XmlElement> {
  const answer = await client.request({ method: "GET", action: attempt.action, query, maxAnswerBytes: MAX_PAGE_BYTES, signal });
  const page = parseXml(new TextDecoder().decode(answer.body));
  if (page.name !== root) throw badAnswer(attempt, `"${page.name}" came instead of "${root}"`);
  return page;
}

/** Where the next page starts, as one text; undefined after the last page. */
function nextPage(attempt: Attempt, page: XmlElement, names: readonly string[], before: string | undefined): string | undefined {
  if (childText(page, "IsTruncated") !== "true") return undefined;
  const next = names.map((name) => childText(page, name) ?? "").join("\0");
  if (next === before) throw badAnswer(attempt, "its pages do not go on");
  return next;
}

/** Undefined for a name that no store of ours can have written. */
function readObject(client: S3Client, attempt: Attempt, element: XmlElement): ObjectInfo | undefined {
  const key = keyBelow(client.location.prefix, childText(element, "Key"));
  if (key === undefined) return undefined;
  const sizeBytes = Number(childText(element, "Size") ?? "0");
  const modifiedMs = parseIsoTime(childText(element, "LastModified") ?? "");
  if (!Number.isSafeInteger(sizeBytes) || sizeBytes < 0 || modifiedMs === undefined) {
    throw badAnswer(attempt, `the size or time of "${key}" is not one`);
  }
  return { key, sizeBytes, modifiedMs };
}

function readVersion(client: S3Client, attempt: Attempt, element: XmlElement): VersionInfo | undefined {
  if (element.name !== "Version" && element.name !== "DeleteMarker") return undefined;
  const info = readObject(client, attempt, element);
  const version = childText(element, "VersionId") as VersionId | undefined;
  if (info === undefined || version === undefined) return undefined;
  const isLatest = childText(element, "IsLatest") === "true";
  return { ...info, version, isLatest, isDeleteMarker: element.name === "DeleteMarker" };
}

function keyBelow(prefix: string, name: string | undefined): ObjectKey | undefined {
  if (name?.startsWith(prefix) !== true) return undefined;
  try {
    return parseObjectKey(name.slice(prefix.length));
  } catch {
    return undefined;
  }
}

function attemptOf(client: S3Client, prefix: string): Attempt {
  return { action: prefix === "" ? "list objects" : `list "${prefix}"`, url: client.location.url };
}

function badAnswer(attempt: Attempt, state: string): Error {
  return failure(attempt, ["corrupt", "storage_answer", `not an answer of S3: ${state}`]);
}
