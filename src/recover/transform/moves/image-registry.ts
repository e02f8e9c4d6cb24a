/** `imageRegistry: { from, to }`: images come from another registry, or another place in it. */
import { at } from "../../prepare/edit.ts";
import { inAny, inContainers, inPodSpecs, partsOf, type ReadMove } from "./move.ts";

const DOCKER_HUB = "docker.io";
/** The part before the first slash is a registry if it could be a host, and only then. */
const HOST = /[.:]|^localhost$/;

export const imageRegistry: ReadMove = (fields, name) => {
  const move = partsOf(fields, name, ["from", "to"]);
  const [from, to] = ["from", "to"].map((side) => move.requiredText(side).replace(/\/+$/, "")) as [string, string];
  const moved = (image: unknown): string | undefined => {
    const full = typeof image === "string" ? fullName(image) : "";
    return full.startsWith(`${from}/`) ? `${to}${full.slice(from.length)}` : undefined;
  };
  return (object) =>
    inPodSpecs(object, (spec) => {
      const inVolumes = inAny(spec, [at("volumes[].image.reference")], moved);
      const inAll = inContainers(inVolumes ?? spec, (container) => {
        const image = moved(container["image"]);
        return image === undefined ? undefined : { ...container, image };
      });
      return inAll ?? inVolumes;
    });
};

/** `nginx:1` is `docker.io/library/nginx:1`. */
function fullName(image: string): string {
  const [first = "", ...rest] = image.split("/");
  if (rest.length === 0) return `${DOCKER_HUB}/library/${image}`;
  return HOST.test(first) ? image : `${DOCKER_HUB}/${image}`;
}
