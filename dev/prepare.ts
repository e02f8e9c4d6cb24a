/**
 * Installs and builds whatever the tests need and the cache does not hold, before any test's clock runs. On a new machine this is
 * most of the work; on a warm one it takes a second and no network.
 */
import { errorText } from "../src/base/error-text.ts";
import { exitCodeOf } from "../src/base/errors.ts";
import { runAsProcess } from "../src/cli/run-as-process.ts";
import { buildBinaries } from "./cluster/binaries.ts";
import { VERSIONS } from "./cluster/spec.ts";
import { PACKAGES } from "./cluster/up.ts";
import { helmBinary } from "./helm/helm.ts";
import { requirePackages } from "./host/packages.ts";
import { imageArchive } from "./images/build.ts";
import { IMAGES } from "./images/images.ts";
import { olderResticBinary, resticBinary } from "./peers/restic.ts";
import { buildS3Server } from "./s3/server.ts";

/** Those whose completion is tested, but for bash, which is there. */
const SHELLS = ["zsh", "fish"];

await runAsProcess(async (signal) => {
  if (process.platform !== "linux" || process.getuid?.() !== 0) {
    process.stderr.write("Not preparing clusters: they need Linux and root; tests that need them will be skipped\n");
    return 0;
  }
  try {
    await requirePackages([...PACKAGES, ...SHELLS], signal);
    for (const version of VERSIONS) await buildBinaries(version, signal);
    await buildS3Server(signal);
    await helmBinary(signal);
    for (const restic of [resticBinary, olderResticBinary]) await restic(signal);
    for (const { name } of IMAGES) await imageArchive(name, signal);
    return 0;
  } catch (error) {
    process.stderr.write(`${errorText(error)}\n`);
    return exitCodeOf(error);
  }
});
