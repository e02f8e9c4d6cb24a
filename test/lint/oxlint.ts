/** Runs this project's lint rules over files written for a test. */
import { execFile } from "node:child_process";
import { mkdir, mkdtempDisposable, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

const ROOT = join(import.meta.dirname, "../..");

export interface Finding {
  readonly filename: string;
  /** The rule, as "eslint(no-console)". */
  readonly code: string;
  /** What the configuration says about it. */
  readonly help: string;
}

interface Report {
  readonly diagnostics: readonly Finding[];
}

/** @param files Text by path relative to the root of a checkout. Rules that need types are left out. */
export async function lintFiles(files: Readonly<Record<string, string>>): Promise<readonly Finding[]> {
  await using folder = await mkdtempDisposable(join(tmpdir(), "holdfast-lint-"));
  const config = JSON.parse(await readFile(join(ROOT, ".oxlintrc.json"), "utf8")) as { readonly options: object };
  const untyped = { ...config, options: { ...config.options, typeAware: false } };
  await writeFile(join(folder.path, ".oxlintrc.json"), JSON.stringify(untyped));
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder.path, path)), { recursive: true });
    await writeFile(join(folder.path, path), text);
  }
  const args = [join(ROOT, "node_modules/oxlint/bin/oxlint"), "--format", "json"];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: folder.path, maxBuffer: 64 * 2 ** 20 }).catch(
    outputOfFailure,
  );
  return (JSON.parse(stdout) as Report).diagnostics;
}

/** Findings make oxlint exit with 1: they are the answer here. */
function outputOfFailure(error: unknown): { readonly stdout: string } {
  if (error instanceof Error && "code" in error && error.code === 1 && "stdout" in error) return { stdout: String(error.stdout) };
  throw error;
}
