import { cp, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { cached, keyOf, keyOfFiles } from "../host/cache.ts";
import { requirePackages } from "../host/packages.ts";
import { buildDebianBase } from "./debian-base.ts";
import { findImage, type Image, referenceOf } from "./images.ts";
import { runIsolated } from "./isolated.ts";
import { productKey } from "./product.ts";
import { addHostFiles } from "./scratch.ts";

export interface ImageArchive {
  /** The name by which pods use the image. */
  readonly reference: string;
  /** Another name of it, that images of other content have, too: of the product, whose first name is of its content. */
  readonly alias?: string;
  /** Path of a tar in the format of `docker save`, with one layer: `ctr images import` takes it. */
  readonly archive: string;
}

/** Each change of the sources makes another, of 140 MB. */
const PRODUCT_UNUSED_DAYS = 0.1;
const BASE_NAME = "localhost/base";

/**
 * Builds an image into the cache, if its recipe or this builder changed since the last time.
 *
 * @throws {DomainError} usage/unknown_image
 */
export async function imageArchive(name: string, signal?: AbortSignal): Promise<ImageArchive> {
  const image = findImage(name);
  const builder = await keyOfFiles(import.meta.dirname, (path) => /\/(build|debian-base|isolated|scratch)\.ts$/.test(path));
  const recipe = await keyOfFiles(join(import.meta.dirname, name));
  const product = image.isProduct === true ? await productKey() : "";
  const key = keyOf(process.arch, builder, recipe, JSON.stringify(image), product);
  const folder = await cached({
    name: `image-${name}`,
    key,
    signal,
    unusedDays: image.isProduct === true ? PRODUCT_UNUSED_DAYS : undefined,
    build: async (target) => build(image, key, target, signal),
  });
  const alias = image.isProduct === true ? { alias: referenceOf(image) } : {};
  return { reference: referenceOf(image, key), ...alias, archive: join(folder, "image.tar") };
}

/** Everything in between lies in one folder below the target, which is thrown away with the target if this is killed. */
async function build(image: Image, key: string, target: string, signal: AbortSignal | undefined): Promise<void> {
  await requirePackages(["binutils", "buildah", "debian-archive-keyring", "mmdebstrap", "gcc", "libc6-dev", "busybox-static"], signal);
  const work = join(target, "work");
  const [context, temporary] = [join(work, "context"), join(work, "tmp")];
  await cp(join(import.meta.dirname, image.name), context, { recursive: true });
  await mkdir(temporary, { mode: 0o755 });
  const options = { env: { TMPDIR: temporary }, signal };
  const storage = ["--root", join(work, "storage"), "--runroot", join(work, "run")];
  const buildah = async (...args: readonly string[]): Promise<string> =>
    (await runIsolated("buildah", [...storage, ...args], options)).stdout.trim();

  if (image.base === "scratch") {
    await addHostFiles(image.name, context, signal);
  } else {
    const base = await buildDebianBase(context, work, options);
    const container = await buildah("from", "scratch");
    await buildah("add", "--quiet", container, base, "/");
    await buildah("commit", "--quiet", "--rm", container, BASE_NAME);
    await rm(base);
  }
  const reference = referenceOf(image, key);
  const chosen = image.base === "scratch" ? [] : ["--build-arg", `BASE=${BASE_NAME}`];
  // One layer: what the Containerfile removes from its base takes no space.
  await buildah("build", "--isolation", "chroot", "--pull-never", "--squash", ...chosen, "--tag", reference, context);
  await buildah("push", "--quiet", reference, `docker-archive:${join(target, "image.tar")}:${reference}`);
  await rm(work, { recursive: true });
}
