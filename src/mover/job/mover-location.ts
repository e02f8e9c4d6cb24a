/** How a mover reaches the repository of one unit: its password, which opens no other, and what the storage asks for. */
import { realpath } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import { fileURLToPath } from "node:url";
import { DomainError } from "../../base/errors.ts";
import type { Location } from "../../location/location.ts";
import { unitStore } from "../../location/unit-repository.ts";
import type { UnitPlace } from "../../location/units.ts";
import type { Repository } from "../../repository/repository.ts";
import { repositoryPassword } from "../../repository/secret.ts";
import { type Credentials, defaultCredentials, type Environment } from "../../storage/s3/credentials.ts";
import type { MoverLocation } from "../movers.ts";

export interface MoverLocationOptions {
  readonly location: Location;
  readonly place: UnitPlace;
  /** Of the unit, opened. */
  readonly repository: Pick<Repository, "config" | "identity">;
  /** Credentials of the storage are found in it. */
  readonly environment: Environment;
  readonly signal: AbortSignal;
}

export async function moverLocation(options: MoverLocationOptions): Promise<MoverLocation> {
  const { location, place, repository } = options;
  const known = {
    url: unitStore(location, place).url,
    repositoryId: repository.config.id,
    password: repositoryPassword(location.secret, repository.identity),
  };
  const root = folderOf(location.store.url);
  if (root === undefined) return { ...known, credentials: await credentialsOf(options), folder: undefined };
  // Links are of this machine.
  return { ...known, credentials: undefined, folder: await realpath(join(root, place.path)) };
}

/** undefined: it is in no folder. */
function folderOf(url: string): string | undefined {
  if (isAbsolute(url)) return url;
  return url.startsWith("file:") ? fileURLToPath(url) : undefined;
}

/** undefined: there are none here, so the pods must have an identity of their own. */
async function credentialsOf({ environment, signal }: MoverLocationOptions): Promise<string | undefined> {
  try {
    return sharedCredentials(await defaultCredentials(environment)(signal));
  } catch (error) {
    if (error instanceof DomainError && error.code === "storage_credentials") return undefined;
    throw error;
  }
}

/** In AWS's own form of an INI file. */
function sharedCredentials({ accessKeyId, secretAccessKey, sessionToken }: Credentials): string {
  const fields = [
    ["aws_access_key_id", accessKeyId],
    ["aws_secret_access_key", secretAccessKey],
    ...(sessionToken === undefined ? [] : [["aws_session_token", sessionToken]]),
  ];
  return ["[default]", ...fields.map(([name, value]) => `${name} = ${value}`), ""].join("\n");
}
