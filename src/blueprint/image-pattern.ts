/** Which images are meant, wherever they were pulled from: mirrors change registries, and every pull another tag. */

const FORM = /^[-a-z0-9_./*]+$/;

/** @returns undefined if it has a registry or a tag, or is no name of an image */
export function compileImagePattern(pattern: string): ((image: string) => boolean) | undefined {
  if (!FORM.test(pattern) || repositoryOf(pattern) !== pattern) return undefined;
  const form = new RegExp(`^${pattern.replaceAll(/[.]/g, String.raw`\.`).replaceAll(/\*+/g, ".*")}$`);
  return (image) => form.test(repositoryOf(image));
}

/** `bitnami/postgresql` of `docker.io/bitnami/postgresql:16@sha256:…`; what Docker calls `library/…` has a short name. */
export function repositoryOf(image: string): string {
  const [name = ""] = image.split("@");
  const parts = name.split("/");
  const last = parts.pop() ?? "";
  const path = [...parts, last.split(":")[0] ?? ""];
  const [first = ""] = path;
  // As Docker decides it.
  if (path.length > 1 && (first === "localhost" || /[.:]/.test(first))) path.shift();
  if (path.length === 2 && path[0] === "library") path.shift();
  return path.join("/");
}
