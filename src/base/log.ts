/** Structured log lines, one JSON object each. pino is loaded only when a logger is made: most commands need none. */
import type { Logger as Pino } from "pino";
import { type Clock, isoTime } from "./clock.ts";
import { errorJson } from "./error-text.ts";

export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
export type LogFields = Readonly<Record<string, unknown>>;

export interface Logger extends Readonly<Record<LogLevel, (message: string, fields?: LogFields) => void>> {
  /** A logger whose lines carry these fields too. */
  child(fields: LogFields): Logger;
}

export interface LogOptions {
  readonly level: LogLevel;
  readonly clock: Clock;
  /** Where whole lines go: written before the call returns, so that none is lost in a crash. */
  readonly destination: "stdout" | "stderr" | LogDestination;
}

export interface LogDestination {
  write(line: string): void;
}

const FILE_DESCRIPTORS = { stdout: 1, stderr: 2 } as const;
const REDACTED = "[redacted]";
const SECRET_NAME = /passw|secret|token|authorization|cookie|credential|private.?key|access.?key|api.?key/i;
/** Deeper values are dropped: a log line is not a dump. */
const MAX_DEPTH = 6;

/** Fields whose name looks like a secret are redacted at any depth; errors become their JSON form. */
export async function createLogger(options: LogOptions): Promise<Logger> {
  const { pino, destination } = await import("pino");
  const { level, clock } = options;
  const target =
    typeof options.destination === "string"
      ? destination({ dest: FILE_DESCRIPTORS[options.destination], sync: true })
      : options.destination;
  const root = pino(
    {
      level,
      base: null,
      messageKey: "message",
      formatters: { level: (label) => ({ level: label }) },
      timestamp: () => `,"time":"${isoTime(clock.now())}"`,
    },
    target,
  );
  return wrap(root);
}

function wrap(target: Pino): Logger {
  const write =
    (level: LogLevel): Logger[LogLevel] =>
    (message, fields = {}) => {
      if (target.isLevelEnabled(level)) target[level](redactFields(fields, 0), message);
    };
  return {
    debug: write("debug"),
    info: write("info"),
    warn: write("warn"),
    error: write("error"),
    child: (fields) => wrap(target.child(redactFields(fields, 0))),
  };
}

function redactFields(fields: LogFields, depth: number): LogFields {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, SECRET_NAME.test(name) ? REDACTED : redactValue(value, depth + 1)]),
  );
}

function redactValue(value: unknown, depth: number): unknown {
  if (typeof value === "bigint") return value.toString();
  if (typeof value !== "object" || value === null) return value;
  if (depth > MAX_DEPTH) return "[too deep]";
  if (value instanceof Error) return redactFields({ ...errorJson(value) }, depth);
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (Array.isArray(value)) return value.map((item: unknown) => redactValue(item, depth + 1));
  return redactFields({ ...value }, depth);
}
