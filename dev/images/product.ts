/** Lays out the root folder of the image of Holdfast itself: Node with its libraries, the sources, and what they depend on. */
import { chmod, copyFile, cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { keyOf, keyOfFiles } from "../host/cache.ts";
import { run } from "../host/run.ts";

const ROOT = join(import.meta.dirname, "../..");
const NODE = join(ROOT, "node_modules/node/bin/node");
const PRODUCT = "opt/holdfast";
const ANYBODY = 0o1777;

interface Lock {
  readonly packages: Readonly<Record<string, { readonly dev?: boolean; readonly optional?: boolean }>>;
}

/** Changes with all that the image is made of. */
export async function productKey(): Promise<string> {
  const folders = await Promise.all(["src", "bin"].map((folder) => keyOfFiles(join(ROOT, folder), isShipped)));
  const files = await Promise.all(["package.json", "package-lock.json"].map((file) => readFile(join(ROOT, file))));
  return keyOf(await readFile(import.meta.filename), ...folders, ...files);
}

/** @param root a folder that is not there yet */
export async function layProduct(root: string, signal?: AbortSignal): Promise<void> {
  await mkdir(join(root, "usr/local/bin"), { recursive: true });
  await run("strip", ["-o", join(root, "usr/local/bin/node"), NODE], { signal });
  for (const library of await librariesOf(NODE, signal)) {
    await mkdir(join(root, dirname(library)), { recursive: true });
    await copyFile(library, join(root, library));
  }
  await mkdir(join(root, "tmp"));
  await chmod(join(root, "tmp"), ANYBODY);
  await mkdir(join(root, "etc"));
  await writeFile(join(root, "etc/passwd"), "root:x:0:0:root:/tmp:\nholdfast:x:65532:65532:holdfast:/tmp:\n");
  await writeFile(join(root, "etc/group"), "root:x:0:\nholdfast:x:65532:\n");
  await writeFile(join(root, "etc/nsswitch.conf"), "hosts: files dns\n");
  const product = join(root, PRODUCT);
  for (const folder of ["src", "bin"]) {
    await cp(join(ROOT, folder), join(product, folder), { recursive: true, filter: (path) => isShipped(path.slice(ROOT.length)) });
  }
  await copyFile(join(ROOT, "package.json"), join(product, "package.json"));
  for (const path of await dependencies()) {
    // What a package depends on in another version than others lies within it.
    const filter = (file: string): boolean => file === join(ROOT, path) || (basename(file) !== "node_modules" && !isForPeople(file, path));
    await cp(join(ROOT, path), join(product, path), { recursive: true, filter });
  }
}

/** As `files` of package.json says. */
function isShipped(path: string): boolean {
  return !path.endsWith(".test.ts") && !/\/testing(\/|$)/.test(path);
}

/** What no program reads: half of all files. */
function isForPeople(file: string, packagePath: string): boolean {
  const isOwnFolder = dirname(file) === join(ROOT, packagePath) && /^(benchmarks?|docs?|examples?|tests?)$/.test(basename(file));
  return isOwnFolder || /\.(d\.[cm]?ts|map|md)$/.test(file);
}

/** Folders of packages, but for Node itself, which is laid out stripped. */
async function dependencies(): Promise<readonly string[]> {
  const { packages } = JSON.parse(await readFile(join(ROOT, "package-lock.json"), "utf8")) as Lock;
  return Object.entries(packages)
    .filter(([path, { dev = false, optional = false }]) => path !== "" && !dev && !optional && !/^node_modules\/node($|-|\/)/.test(path))
    .map(([path]) => path);
}

/** Paths of shared libraries, the loader among them. */
async function librariesOf(program: string, signal: AbortSignal | undefined): Promise<readonly string[]> {
  const { stdout } = await run("ldd", [program], { signal });
  return stdout.split("\n").flatMap((line) => /(?:=> )?(?<path>\/\S+) \(0x/.exec(line)?.groups?.["path"] ?? []);
}
