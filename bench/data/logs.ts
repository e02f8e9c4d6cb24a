/** Logs as services write them: times that move on, few templates, some ids that never repeat. They compress to about a seventh. */
import { type Seeded } from "./seeded.ts";

const FIRST_MS = Date.UTC(2026, 0, 1);
const LONGEST_GAP_MS = 40;

const LEVELS = ["INFO", "INFO", "INFO", "INFO", "DEBUG", "DEBUG", "WARN", "ERROR"] as const;
const SERVICES = ["checkout", "catalog", "gateway", "payments", "search", "session", "stock", "mailer"] as const;
const METHODS = ["GET", "GET", "GET", "POST", "PUT", "DELETE"] as const;
const PATHS = ["/api/v1/items", "/api/v1/orders", "/api/v2/search", "/healthz", "/login", "/static/app.js", "/metrics"] as const;
const STATUSES = [200, 200, 200, 200, 201, 204, 301, 404, 500, 503] as const;
const EVENTS = [
  "request completed",
  "cache miss, reading from the database",
  "connection returned to the pool",
  "retrying after a timeout of the upstream",
  "token refreshed",
  "transaction committed",
  "slow query",
] as const;

/** @param at Milliseconds since 1970. */
export type LogLine = (random: Seeded, at: number) => string;

export const textLine: LogLine = (random, at) => {
  const service = random.pick(SERVICES);
  const client = `10.${random.between(0, 3)}.${random.between(0, 255)}.${random.between(1, 254)}`;
  const request = `${random.pick(METHODS)} ${random.pick(PATHS)}/${random.between(1, 50_000)}`;
  const took = `status=${random.pick(STATUSES)} bytes=${random.between(80, 40_000)} took=${random.between(1, 900)}ms`;
  return `${new Date(at).toISOString()} ${random.pick(LEVELS)} [${service}-${random.between(0, 5)}] ${random.pick(EVENTS)}: ${client} "${request}" ${took} trace=${random.hex(2)}\n`;
};

export const jsonLine: LogLine = (random, at) => {
  const line = {
    time: new Date(at).toISOString(),
    level: random.pick(LEVELS).toLowerCase(),
    service: random.pick(SERVICES),
    message: random.pick(EVENTS),
    http: { method: random.pick(METHODS), path: random.pick(PATHS), status: random.pick(STATUSES), bytes: random.between(80, 40_000) },
    durationMs: random.between(1, 90_000) / 100,
    user: `user-${random.between(1, 20_000)}`,
    traceId: random.hex(4),
    spanId: random.hex(2),
  };
  return `${JSON.stringify(line)}\n`;
};

/** A log of whole lines with at least `lengthBytes`. */
export function makeLog(random: Seeded, line: LogLine, lengthBytes: number): Buffer {
  const lines: string[] = [];
  let length = 0;
  for (let at = FIRST_MS; length < lengthBytes; at += random.between(0, LONGEST_GAP_MS)) {
    const text = line(random, at);
    lines.push(text);
    length += text.length;
  }
  return Buffer.from(lines.join(""), "latin1");
}
