/** `holdfast repository key add|list|remove` and `holdfast repository password` */
import { randomBytes } from "node:crypto";
import type { Command } from "commander";
import { toBase64Url } from "../../base/bytes.ts";
import { DomainError } from "../../base/errors.ts";
import type { HexId } from "../../base/ids.ts";
import { CHOSEN_PASSWORD_PARAMETERS, RANDOM_PASSWORD_PARAMETERS } from "../../repository/format/key-file.ts";
import { addKey, listKeyIds, type NewKey, readKeys, removeKey, type StoredKey } from "../../repository/keys.ts";
import { lockText } from "../../repository/object-lock/lock-text.ts";
import { changeSettings } from "../../repository/object-lock/settings.ts";
import { ownIdentity } from "../../repository/lock-process.ts";
import { parseSecret, repositoryPassword } from "../../repository/secret.ts";
import type { CommandContext } from "../context.ts";
import { findKey } from "../find-key.ts";
import { handOut, requireOutput, type SecretOutput } from "../new-secret.ts";
import { writeResult } from "../output.ts";
import { type PasswordSource, readNewPassword } from "../password.ts";
import { type RepositoryRun, runOnRepository } from "../repository-run.ts";
import { localTime, shortId, shownText } from "../shown.ts";
import { formatTable } from "../table.ts";

export interface NewPasswordOptions {
  readonly newPasswordFile?: string;
}

export interface KeyAddOptions extends NewPasswordOptions {
  readonly reveal?: boolean;
  readonly keyOut?: string;
  readonly hostname?: string;
  readonly username?: string;
}

const RANDOM_PASSWORD_BYTES = 32;

export async function keyAdd(given: KeyAddOptions, command: Command, context: CommandContext): Promise<void> {
  const output: SecretOutput = { reveal: given.reveal ?? false, file: given.keyOut };
  if ((output.reveal || output.file !== undefined) && given.newPasswordFile !== undefined) {
    throw new DomainError("usage", "two_passwords", "Cannot add a key: it is to have a new password, and one that is given");
  }
  await requireOutput(output, context);
  await runOnRepository(command, context, async (run) => {
    const identity = await ownIdentity();
    const owner = { username: given.username ?? identity.username, hostname: given.hostname ?? identity.hostname };
    const id =
      output.reveal || output.file !== undefined
        ? await addRandomKey(run, owner, output)
        : await store(run, { ...(await readNewKey(run, given)), owner });
    writeResult(context, run.format, { id, ...owner }, () => `Added key ${shortId(id)}`);
  });
}

export async function keyList(command: Command, context: CommandContext): Promise<void> {
  await runOnRepository(command, context, async ({ repository, format, context: { signal } }) => {
    const { keys } = await readKeys(repository.store, { signal });
    const rows = keys.map((key) => describe(key, repository.keyId));
    writeResult(context, format, rows, () =>
      formatTable(
        [{ title: "ID" }, { title: "Host" }, { title: "User" }, { title: "Created" }, { title: "In use" }],
        rows.map(({ id, hostname, username, createdMs, current }) => {
          const created = createdMs === undefined ? "" : localTime(createdMs);
          return [shortId(id), shownText(hostname), shownText(username), created, current ? "now" : ""];
        }),
      ),
    );
  });
}

export async function keyRemove(name: string, command: Command, context: CommandContext): Promise<void> {
  await runOnRepository(command, context, async (run) => {
    const { repository, format } = run;
    const id = findKey(await listKeyIds(repository.store, { signal: context.signal }), name);
    const isGone = await remove(run, id, repository.keyId);
    writeResult(context, format, isGone ? { removed: id } : { locked: id }, () =>
      isGone ? `Removed key ${shortId(id)}: who has read the repository with it can still do so` : "",
    );
  });
}

/** The new key is stored before the one in use goes. */
export async function changePassword(given: NewPasswordOptions, command: Command, context: CommandContext): Promise<void> {
  await runOnRepository(command, context, async (run) => {
    const { repository, format } = run;
    const { username, hostname } = await ownIdentity();
    const id = await store(run, { ...(await readNewKey(run, given)), owner: { username, hostname } });
    const isGone = await remove(run, repository.keyId, id);
    writeResult(context, format, { id, ...(isGone ? { removed: repository.keyId } : { locked: repository.keyId }) }, () =>
      isGone
        ? `Changed the password: key ${shortId(id)} replaces ${shortId(repository.keyId)}`
        : `Added key ${shortId(id)} for the new password`,
    );
  });
}

/** False, and reported, while it is under Object Lock: then no run extends that, and a prune removes it afterwards. */
async function remove({ repository, context: { clock, signal }, report }: RepositoryRun, id: HexId, inUse: HexId): Promise<boolean> {
  const deletion = await removeKey(repository.store, id, inUse, { clock, signal });
  if (deletion.kind === "deleted") return true;
  const expiringKeys = new Set(repository.retention?.settings.expiringKeys).add(id);
  await changeSettings(repository.files, { expiringKeys: [...expiringKeys] }, { clock, signal });
  const object = `keys/${id}`;
  const state = `it is ${lockText(deletion.untilMs)}, and opens the repository as long; the next prune after that removes it`;
  report({ grade: "partial", code: "key_locked", object, message: `Cannot remove "${object}" yet: ${state}` });
  return false;
}

async function addRandomKey(run: RepositoryRun, owner: NewKey["owner"], output: SecretOutput): Promise<HexId> {
  const password = toBase64Url(randomBytes(RANDOM_PASSWORD_BYTES));
  return handOut(password, output, run.context, () => store(run, { password, parameters: RANDOM_PASSWORD_PARAMETERS, owner }));
}

async function readNewKey({ repository, context, report }: RepositoryRun, given: NewPasswordOptions): Promise<Omit<NewKey, "owner">> {
  const source: PasswordSource = {
    file: given.newPasswordFile,
    option: "--new-password-file",
    variable: "HOLDFAST_NEW_PASSWORD",
    of: "the new key",
  };
  const secret = parseSecret(await readNewPassword(source, context, report));
  const parameters = secret.kind === "location-key" ? RANDOM_PASSWORD_PARAMETERS : CHOSEN_PASSWORD_PARAMETERS;
  return { password: repositoryPassword(secret, repository.identity), parameters };
}

async function store({ repository, context: { clock, signal } }: RepositoryRun, key: NewKey): Promise<HexId> {
  return addKey(repository.store, repository.masterKey, key, clock, { signal });
}

interface ShownKey {
  readonly id: HexId;
  readonly hostname: string;
  readonly username: string;
  readonly created: string | undefined;
  readonly createdMs: number | undefined;
  readonly current: boolean;
}

function describe({ id, file: { hostname, username, created } }: StoredKey, current: HexId): ShownKey {
  return { id, hostname, username, created: created?.text, createdMs: created?.epochMs, current: id === current };
}
