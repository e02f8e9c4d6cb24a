/** The command `dev/s3/serve`. */
import { Command } from "commander";
import { DomainError } from "../../src/base/errors.ts";
import { runAsProcess } from "../../src/cli/run-as-process.ts";
import { runCommand } from "../../src/cli/run-command.ts";
import { startS3Server } from "./server.ts";

interface ServeOptions {
  readonly address: string;
  readonly port: string;
  readonly data?: string;
}

function createProgram(signal: AbortSignal): Command {
  return new Command("dev/s3/serve")
    .description(
      "Run an S3 server for development with versioning and Object Lock, print the environment that S3 clients read, and serve until Ctrl-C",
    )
    .option("--address <address>", "IPv4 address to listen on", "127.0.0.1")
    .option("--port <port>", "Port to listen on; 0 takes a free one", "0")
    .option("--data <folder>", "Keep the objects in this folder instead of a temporary one")
    .addHelpText("after", '\nExample:\n  dev/s3/serve --port 9000 --data "$HOME/buckets"')
    .action(async (options: ServeOptions) => serve(options, signal));
}

async function serve({ address, port, data }: ServeOptions, signal: AbortSignal): Promise<void> {
  await using server = await startS3Server({ address, port: parsePort(port), dataDir: data, signal });
  const environment = {
    AWS_ENDPOINT_URL: server.endpoint,
    AWS_REGION: server.region,
    AWS_ACCESS_KEY_ID: server.accessKeyId,
    AWS_SECRET_ACCESS_KEY: server.secretAccessKey,
  };
  process.stdout.write(
    Object.entries(environment)
      .map(([name, value]) => `export ${name}=${value}\n`)
      .join(""),
  );
  if (!signal.aborted) await new Promise((settle) => signal.addEventListener("abort", settle, { once: true }));
}

function parsePort(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port < 65_536) return port;
  throw new DomainError("usage", "s3_port", `Cannot listen on port "${text}": a port is a number from 0 to 65535`);
}

await runAsProcess(async (signal) => runCommand(createProgram(signal), process.argv.slice(2)));
