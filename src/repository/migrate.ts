/** Brings a repository from version 1 of restic's format to version 2, which compresses. What is there stays as it is. */
import { DomainError } from "../base/errors.ts";
import { serializeConfig } from "./format/config.ts";
import { CONFIG_KEY } from "./layout.ts";
import { chunkerOf } from "./repository-chunker.ts";
import type { Repository } from "./repository.ts";
import { SealedFiles } from "./sealed-files.ts";
import type { Session } from "./session.ts";
import { putWithSpare } from "./spares.ts";

/**
 * Only the config is written, in one step: a put replaces all of it or nothing. Its spare follows.
 *
 * @param session with an exclusive lock: others would go on in version 1
 * @returns the repository to go on with; the same one if it has version 2 already
 * @throws {DomainError} corrupt/index_damaged: what is damaged is to be repaired first, with the tools that made it
 * @throws {DomainError} unsupported/chunker_version
 */
export async function migrate(session: Session): Promise<Repository> {
  const { repository, signal } = session;
  const { store, cipher } = repository;
  if (repository.config.version === 2) return repository;
  if (!session.isIndexWhole) {
    throw new DomainError("corrupt", "index_damaged", `Cannot migrate repository "${store.url}": a part of its index cannot be read`, {
      hint: 'Run "holdfast repository repair index" first',
    });
  }
  // The chunker is written back with the config, so it must be known.
  chunkerOf(repository);
  const config = { ...repository.config, version: 2 } as const;
  session.throwIfLost();
  await putWithSpare(store, CONFIG_KEY, cipher.seal(serializeConfig(config)), { signal });
  return { ...repository, config, files: new SealedFiles(store, cipher, config.version) };
}
