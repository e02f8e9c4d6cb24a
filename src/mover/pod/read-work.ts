/** Reads what a mover is told. It comes from a Holdfast of the same version, but nothing is done by half because it did not. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { DomainError } from "../../base/errors.ts";
import { JsonObject } from "../../repository/format/json-object.ts";
import { type MoverFile, type MoverWork, type VolumeMode, WORK_FORMAT } from "../work.ts";

export interface ReadWork extends MoverFile {
  readonly password: string;
  readonly lostPods: readonly string[];
}

/**
 * @throws {DomainError} unsupported/mover_format
 * @throws {DomainError} corrupt/mover_work
 */
export async function readWork(folder: string): Promise<ReadWork> {
  const [json, password] = await Promise.all([readFile(join(folder, "work.json")), readFile(join(folder, "password"), "utf8")]);
  const fields = JsonObject.parse(json, "mover work");
  const format = fields.count("format");
  if (format !== WORK_FORMAT) {
    throw new DomainError(
      "unsupported",
      "mover_format",
      `Cannot do the work: it has format ${format}, and this mover knows ${WORK_FORMAT}`,
      {
        hint: "Use an image of the same version as the command",
      },
    );
  }
  return {
    format: WORK_FORMAT,
    repository: fields.requiredText("repository"),
    repositoryId: fields.requiredId("repositoryId"),
    lostPods: fields.texts("lostPods"),
    work: workOf(fields.requiredObject("work")),
    password,
  };
}

function workOf(fields: JsonObject): MoverWork {
  const kind = fields.text("kind");
  switch (kind) {
    case "back-up": {
      const parent = fields.object("parent");
      return {
        kind,
        mode: modeOf(fields),
        claimUid: fields.requiredText("claimUid"),
        parent: parent && { tree: parent.requiredId("tree"), timeMs: parent.count("timeMs") },
      };
    }
    case "fill": {
      const root = fields.text("root");
      return {
        kind,
        mode: modeOf(fields),
        tree: fields.requiredId("tree"),
        verify: fields.flag("verify"),
        root: root === "" ? undefined : root,
        isBegun: fields.flag("isBegun"),
      };
    }
    case "probe":
      return { kind, writes: fields.flag("writes") };
    default:
      throw fields.fault(`there is no kind of work "${kind}"`);
  }
}

function modeOf(fields: JsonObject): VolumeMode {
  const mode = fields.text("mode");
  if (mode !== "Block" && mode !== "Filesystem") throw fields.fault(`there is no volume mode "${mode}"`);
  return mode;
}
