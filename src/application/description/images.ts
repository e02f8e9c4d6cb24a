/** The images of workloads, by digest where a running container says it. */
import { type JsonObject, type JsonValue, listIn, objectIn, textIn } from "../../kube/json.ts";
import { podSpecOf } from "../references/workloads.ts";

export interface Image {
  /** As it stands in the spec. */
  readonly image: string;
  readonly digest: string | undefined;
}

const DIGEST = /(?:^|@)(?<digest>sha256:[0-9a-f]{64})$/;
const LISTS = [
  ["initContainers", "initContainerStatuses"],
  ["containers", "containerStatuses"],
] as const;

/** Of a pod or of the template of a workload, each once; the digests are those of a pod's status. */
export function imagesOf(object: JsonObject): readonly Image[] {
  const spec = podSpecOf(object) ?? {};
  const status = objectIn(object, "status");
  const images = LISTS.flatMap(([containers, statuses]) => {
    const ids = new Map(listIn(status, statuses).map((entry) => [textIn(entry, "name"), textIn(entry, "imageID") ?? ""]));
    return listIn(spec, containers).map((container) => imageOf(container, ids.get(textIn(container, "name")) ?? ""));
  });
  return distinct(images.filter(({ image }) => image !== ""));
}

/** One entry for each image and digest; an image without a digest only if it has none at all. */
export function distinct(images: readonly Image[]): readonly Image[] {
  const byKey = new Map(images.map((entry) => [`${entry.image} ${entry.digest}`, entry]));
  return [...byKey.values()].filter(
    ({ image, digest }) => digest !== undefined || !images.some((other) => other.image === image && other.digest !== undefined),
  );
}

function imageOf(container: JsonValue, imageId: string): Image {
  return { image: textIn(container, "image") ?? "", digest: DIGEST.exec(imageId)?.groups?.["digest"] };
}
