/** Compiles the inner loops of the chunkers and writes them as the module that the product loads: `node dev/wasm/build.ts`. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

const FOLDER = join(import.meta.dirname, "../../src/repository/chunker");
const SOURCE = join(FOLDER, "scan.as");
export const MODULE: string = join(FOLDER, "scan-wasm.ts");

/** The compiler takes no other ending than this one. */
const ENTRY = "scan.ts";
const OPTIONS = ["-O3", "--noAssert", "--converge", "--runtime", "stub", "--importMemory"];

/** What is used of the compiler. Its own types would give arrays and numbers of the whole project other methods. */
interface Compiler {
  readonly createMemoryStream: () => { readonly toString: () => string };
  readonly main: (
    args: readonly string[],
    files: {
      readonly stderr: object;
      readonly readFile: (name: string) => string | null;
      readonly writeFile: (name: string, contents: string | Uint8Array) => void;
      readonly listFiles: () => readonly string[];
    },
  ) => Promise<{ readonly error: Error | null }>;
}
const COMPILER: string = "assemblyscript/asc";

/** The text of the module. The same on every machine: the compiler is WebAssembly itself, of an exact version. */
export async function compileModule(): Promise<string> {
  const source = await readFile(SOURCE, "utf8");
  const { createMemoryStream, main } = (await import(COMPILER)) as Compiler;
  let wasm: Uint8Array | undefined;
  const stderr = createMemoryStream();
  const { error } = await main([ENTRY, "--outFile", "scan.wasm", ...OPTIONS], {
    stderr,
    readFile: (name) => (name === ENTRY ? source : null),
    writeFile(_name, contents) {
      if (typeof contents !== "string") wasm = contents;
    },
    listFiles: () => [],
  });
  if (error !== null || wasm === undefined) throw new Error(`Cannot compile "${SOURCE}": ${stderr.toString()}`, { cause: error });
  return [
    "/** What dev/wasm/build.ts makes of scan.as: a WebAssembly module in base64. */",
    "export const SCAN_WASM =",
    `  "${wasm.toBase64()}";`,
    "",
  ].join("\n");
}

if (import.meta.main) await writeFile(MODULE, await compileModule());
