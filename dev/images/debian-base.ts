/** A root folder of Debian with chosen packages, from the mirror that this machine uses. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DomainError } from "../../src/base/errors.ts";
import { run, type RunOptions } from "../host/run.ts";
import { runIsolated } from "./isolated.ts";

/** The release whose PostgreSQL is 15, MariaDB 10.11 and Redis 7.0, whatever release this machine runs. */
const SUITE = "bookworm";
const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";
/** What Debian's own slim image leaves out as well. */
const LEFT_OUT = ["/usr/share/doc/*", "/usr/share/info/*", "/usr/share/locale/*", "/usr/share/man/*"];
/** How this machine reaches its mirror: proxies and the like. */
const TRANSPORT_SETTING = /^Acquire::(?:https?|Check-|ForceIPv|Retries)/;

/** Writes a tar of the root folder into `work` and returns its path. The packages are the default of PACKAGES in the Containerfile. */
export async function buildDebianBase(context: string, work: string, options: RunOptions): Promise<string> {
  const packages = packagesOf(await readFile(join(context, "Containerfile"), "utf8"));
  const [tar, settings] = [join(work, "base.tar"), join(work, "apt.conf")];
  const { stdout } = await run("apt-config", ["dump", "Acquire"], options);
  await writeFile(
    settings,
    stdout
      .split("\n")
      .filter((line) => TRANSPORT_SETTING.test(line))
      .join("\n"),
  );
  const args = [
    "--variant=essential",
    "--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr",
    `--include=${["usr-is-merged", ...packages].join(",")}`,
    `--aptopt=${settings}`,
    ...LEFT_OUT.map((path) => `--dpkgopt=path-exclude=${path}`),
    // This machine's name, mirrors and proxies are nothing for an image.
    '--customize-hook=cd "$1/etc" && rm -rf apt/apt.conf.d/99mmdebstrap apt/sources.list* hostname resolv.conf',
  ];
  await runIsolated("mmdebstrap", [...args, SUITE, tar, ...(await hostSources(options))], options);
  return tar;
}

function packagesOf(containerfile: string): string[] {
  const list = /^ARG PACKAGES="(?<list>[^"]+)"$/m.exec(containerfile)?.groups?.["list"];
  if (list === undefined) throw new DomainError("internal", "recipe_packages", 'Cannot read Containerfile: no line ARG PACKAGES="..."');
  return list.split(" ");
}

/** Lines of sources.list for the mirrors of Debian that apt uses here; none, so mmdebstrap's own choice, where it uses none. */
async function hostSources(options: RunOptions): Promise<string[]> {
  const format = "$(ORIGIN) $(RELEASE) $(REPO_URI)";
  const { stdout } = await run("apt-get", ["indextargets", "--format", format, "Created-By: Packages"], options);
  const lines = stdout.split("\n").flatMap((line) => {
    const [origin, release = "", uri = ""] = line.split(" ");
    if (origin !== "Debian") return [];
    const suites = release.endsWith("-security") ? [`${SUITE}-security`] : [SUITE, `${SUITE}-updates`];
    return suites.map((suite) => `deb [signed-by=${KEYRING}] ${uri} ${suite} main`);
  });
  return [...new Set(lines)];
}
