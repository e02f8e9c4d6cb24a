/** The images that development clusters can run, each from the recipe in the folder of its name. */
import packageJson from "../../package.json" with { type: "json" };
import { DomainError } from "../../src/base/errors.ts";

export interface Image {
  /** Name of its folder here. */
  readonly name: string;
  readonly tag: string;
  /**
   * What its Containerfile starts from. `scratch`: nothing but what `scratch.ts` lays beside it. `debian`: the build
   * argument BASE, a root folder of Debian in which the packages of its argument PACKAGES are installed already.
   */
  readonly base: "debian" | "scratch";
  /** It is Holdfast itself, which every change of the sources makes another. */
  readonly isProduct?: boolean;
}

export const IMAGES: readonly Image[] = [
  { name: "pause", tag: "1", base: "scratch" },
  { name: "shell", tag: "1", base: "scratch" },
  { name: "postgres", tag: "15", base: "debian" },
  { name: "mariadb", tag: "10.11", base: "debian" },
  { name: "redis", tag: "7", base: "debian" },
  { name: "holdfast", tag: packageJson.version, base: "scratch", isProduct: true },
];

/**
 * The name by which pods use an image.
 *
 * @param key of the content, for the product: checkouts that share a cluster have different ones
 */
export function referenceOf(image: Image, key?: string): string {
  const { name, tag, isProduct = false } = image;
  return isProduct ? `holdfast.dev/${name}:${tag}${key === undefined ? "" : `-${key}`}` : `holdfast.dev/dev/${name}:${tag}`;
}

/** @throws {DomainError} usage/unknown_image */
export function findImage(name: string): Image {
  const image = IMAGES.find((candidate) => candidate.name === name);
  if (image !== undefined) return image;
  throw new DomainError("usage", "unknown_image", `Cannot build image "${name}": there is no such image`, {
    hint: `The images are ${IMAGES.map((known) => known.name).join(", ")}`,
  });
}
