/** A file with one blueprint, read strictly, since a word that is passed over is a step that is not done. */
import type { Fields, HandWritten } from "../base/fields.ts";
import { parseYamlFields } from "../base/yaml-fields.ts";
import type { Blueprint, BlueprintCommand, BlueprintMatch, DumpCommand, ReplicaChoice } from "./blueprint.ts";
import { compileImagePattern } from "./image-pattern.ts";
import { parseTimeSpan } from "./time-span.ts";

const API_VERSION = "holdfast.dev/v1alpha1";
const KIND = "Blueprint";
const NAME = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;
const PROGRAM = /^[-\w./]+$/;
const FILE_NAME = /^[a-z0-9][-a-z0-9_.]{0,99}$/;
const OWNER = /^[A-Z][A-Za-z0-9]*(?:\.[a-z0-9][-a-z0-9.]*)?$/;
const NOT_TESTED = "none";
const RESERVED = new Set(["none", "hooks"]);

const COMMAND = ["command", "script", "timeout"] as const;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** Where a file has no timeout. */
const DEFAULT_MS = {
  replica: MINUTE_MS / 4,
  preflight: MINUTE_MS / 4,
  quiesce: MINUTE_MS,
  dump: 6 * HOUR_MS,
  load: 6 * HOUR_MS,
  check: 10 * MINUTE_MS,
  mask: HOUR_MS,
};

/**
 * @param file what messages call it
 * @throws {DomainError} usage/blueprint_file
 */
export function readBlueprint(text: string, file: string): Blueprint {
  const source: HandWritten = { file, what: "blueprint", code: "blueprint_file" };
  const fields = parseYamlFields(source, text);
  fields.onlyHas(["apiVersion", "kind", "metadata", "spec"]);
  if (fields.requiredText("apiVersion") !== API_VERSION) throw fields.refusal("apiVersion", `is not "${API_VERSION}"`);
  if (fields.requiredText("kind") !== KIND) throw fields.refusal("kind", `is not "${KIND}"`);
  const metadata = required(fields, "metadata");
  metadata.onlyHas(["name"]);
  const name = metadata.requiredText("name");
  if (!NAME.test(name)) throw metadata.refusal("name", "is not made of small letters, digits and dashes");
  if (RESERVED.has(name)) throw metadata.refusal("name", "is a word with a meaning of its own");
  const spec = required(fields, "spec");
  spec.onlyHas(["description", "tested", "match", "needs", "prelude", "replica", "preflight", "quiesce", "dump", "load", "check", "mask"]);
  const tested = spec.requiredText("tested");
  return {
    name,
    description: spec.requiredText("description").trim(),
    tested: tested === NOT_TESTED ? undefined : tested,
    file,
    match: readMatch(required(spec, "match")),
    needs: readNeeds(spec),
    replica: readReplica(spec),
    preflight: readCommand(spec, "preflight"),
    quiesce: readCommand(spec, "quiesce"),
    dump: readDump(spec),
    load: readCommand(spec, "load"),
    check: readCommand(spec, "check"),
    mask: readCommand(spec, "mask"),
  };
}

function required(fields: Fields, name: string): Fields {
  const inner = fields.mapping(name);
  if (inner === undefined) throw fields.refusal(name, "is missing");
  return inner;
}

/** Without any it is one that only an annotation chooses. */
function readMatch(fields: Fields): BlueprintMatch {
  fields.onlyHas(["images", "labels", "owners"]);
  const images = fields.texts("images");
  for (const pattern of images) {
    if (compileImagePattern(pattern) === undefined) throw fields.refusal("images", `has "${pattern}", which has a registry or a tag`);
  }
  const owners = fields.texts("owners");
  if (!owners.every((owner) => OWNER.test(owner)))
    throw fields.refusal("owners", 'has what is no kind such as "Cluster.postgresql.cnpg.io"');
  const labels = fields.mappings("labels").map((set) => {
    const entries = set.names().map((label) => [label, set.requiredText(label)] as const);
    if (entries.length === 0) throw fields.refusal("labels", "has an empty set, which all pods have");
    return Object.fromEntries(entries);
  });
  return { images, labels, owners };
}

function readNeeds(spec: Fields): readonly string[] {
  const needs = spec.texts("needs");
  if (!needs.every((program) => PROGRAM.test(program))) throw spec.refusal("needs", "has what is no name of a program");
  return needs;
}

function readReplica(spec: Fields): ReplicaChoice | undefined {
  const fields = spec.mapping("replica");
  if (fields === undefined) return undefined;
  fields.onlyHas([...COMMAND, "role"]);
  return { ...commandOf(spec, fields, DEFAULT_MS.replica), role: fields.requiredText("role") };
}

function readDump(spec: Fields): DumpCommand | undefined {
  const fields = spec.mapping("dump");
  if (fields === undefined) return undefined;
  fields.onlyHas([...COMMAND, "file", "replacesVolumes"]);
  const file = fields.requiredText("file");
  if (!FILE_NAME.test(file)) throw fields.refusal("file", "is no plain name of a file");
  return { ...commandOf(spec, fields, DEFAULT_MS.dump), file, replacesVolumes: fields.flag("replacesVolumes") };
}

function readCommand(spec: Fields, name: "check" | "load" | "mask" | "preflight" | "quiesce"): BlueprintCommand | undefined {
  const fields = spec.mapping(name);
  if (fields === undefined) return undefined;
  fields.onlyHas(COMMAND);
  return commandOf(spec, fields, DEFAULT_MS[name]);
}

function commandOf(spec: Fields, fields: Fields, defaultMs: number): BlueprintCommand {
  const [command, script] = [fields.texts("command"), fields.text("script")];
  if (command.length > 0 && script !== undefined) throw fields.refusal("script", 'stands beside "command": one of them is enough');
  if (command.length === 0 && script === undefined) throw fields.refusal("command", 'or "script" is missing');
  const timeout = fields.text("timeout");
  const timeoutMs = timeout === undefined ? defaultMs : parseTimeSpan(timeout);
  if (timeoutMs === undefined) throw fields.refusal("timeout", 'is no time such as "30s" or "10m"');
  return { command: script === undefined ? command : ["sh", "-c", `${spec.text("prelude") ?? ""}${script}`, "holdfast"], timeoutMs };
}
