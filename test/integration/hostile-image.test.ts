/** Images that someone with the key made to do harm: refused before the target is touched. */
import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { encodeManifest, MAX_MANIFEST_BYTES } from "../../src/archive/image/manifest.ts";
import { restoreImage } from "../../src/archive/image/restore-image.ts";
import { plainNode } from "../../src/archive/plain-node.ts";
import { byteStringOf } from "../../src/base/byte-string.ts";
import { systemClock } from "../../src/base/clock.ts";
import type { HexId } from "../../src/base/ids.ts";
import { newGearParameters } from "../../src/repository/chunker/gear.ts";
import { encodeTree } from "../../src/repository/format/tree/encode.ts";
import type { Node } from "../../src/repository/format/tree/node.ts";
import { openRepository } from "../../src/repository/repository.ts";
import { openSession } from "../../src/repository/session.ts";
import { FileStore } from "../../src/storage/file.ts";
import { PASSWORD } from "../support/backup.ts";
import { environment } from "../support/environment.ts";
import { createRepository, type NewRepository, sha256, writePack } from "../support/plain-repository.ts";

const MASTER_KEY = {
  encryption: new Uint8Array(32).fill(1),
  macK: new Uint8Array(16).fill(2),
  macR: Uint8Array.fromHex("0f0f0f0f0c0f0f0f0c0f0f0f0c0f0f0f"),
};
const CONFIG = {
  version: 2,
  id: "ab".repeat(32) as HexId,
  chunkerPolynomial: 0x3da3358b4dc173n,
  chunker: newGearParameters(),
  otherFields: {},
} as const;
const FILE = { mode: 0o100600, timeNs: 0n };
const FOLDER = { mode: 0o040700, timeNs: 0n };
const UNKNOWN = "cd".repeat(32) as HexId;
/** Of 1,500 bytes: a part of 1,000 and one of 500. */
const PIECES = [Buffer.alloc(1_000, 1), Buffer.alloc(500, 2)];

/** Everything that an image is made of; what a test changes is a lie. */
interface Lie {
  readonly manifest: Uint8Array;
  /** None: it is not there. */
  readonly manifestContent: readonly HexId[] | undefined;
  /** Trees of the parts, by the names of their folders. */
  readonly parts: readonly (readonly [folder: string, nodes: readonly Node[]])[];
}

const [first, second] = PIECES.map(sha256) as [HexId, HexId];

function fileNode(name: string, content: readonly HexId[], size: number): Node {
  return plainNode(byteStringOf(name), FILE, { content, size });
}

const TRUTH: Lie = {
  manifest: encodeManifest({ bytes: 1_500, partBytes: 1_000 }),
  manifestContent: undefined,
  parts: [
    ["000000", [fileNode("000000", [first], 1_000)]],
    ["000001", [fileNode("000001", [second], 500)]],
  ],
};
const [FIRST_PART, SECOND_PART] = TRUTH.parts as [Lie["parts"][number], Lie["parts"][number]];

async function writeImage(repository: NewRepository, { manifest, manifestContent, parts }: Lie): Promise<HexId> {
  await writePack(
    repository,
    [...PIECES, manifest].map((bytes) => ["data", bytes]),
  );
  const trees = parts.map(([, nodes]) => encodeTree(nodes));
  const ids = await writePack(
    repository,
    trees.map((tree) => ["tree", tree]),
  );
  const folder = encodeTree(parts.map(([name], at) => plainNode(byteStringOf(name), FOLDER, { subtree: ids[at] ?? assert.fail() })));
  const content = manifestContent ?? [sha256(manifest)];
  const top = encodeTree([
    plainNode(byteStringOf("image"), FOLDER, { subtree: sha256(folder) }),
    fileNode("manifest.json", content, manifest.length),
  ]);
  await writePack(repository, [
    ["tree", folder],
    ["tree", top],
  ]);
  return sha256(top);
}

/** Restores it into a new file, and gives its content. */
async function restored(t: TestContext, change: Partial<Lie>): Promise<{ readonly files: readonly string[]; readonly bytes: number }> {
  const root = await environment(t).temporaryFolder();
  const repository = { folder: join(root, "repository"), password: PASSWORD, masterKey: MASTER_KEY, config: CONFIG };
  await createRepository(repository);
  const tree = await writeImage(repository, { ...TRUTH, ...change });
  const opened = await openRepository(new FileStore(repository.folder, systemClock), { kind: "password", password: PASSWORD });
  const report = (): void => undefined;
  await using session = await openSession(opened, { lock: "none", clock: systemClock, report, signal: t.signal });
  const options = { mayOverwrite: true, dryRun: false, verify: true, report, progress: () => undefined };
  try {
    const { bytes } = await restoreImage(session, { tree, target: join(root, "disk"), ...options });
    return { files: await readdir(root), bytes };
  } catch (error) {
    assert.deepEqual(await readdir(root), ["repository"], "the target was touched");
    throw error;
  }
}

test("an image whose parts are what its manifest says is restored", async (t) => {
  assert.deepEqual(await restored(t, {}), { files: ["disk", "repository"], bytes: 1_500 });
});

const LIES: Readonly<Record<string, Partial<Lie>>> = {
  "says that it is longer": { manifest: encodeManifest({ bytes: 1_501, partBytes: 1_000 }) },
  "says that it is shorter": { manifest: encodeManifest({ bytes: 1_499, partBytes: 1_000 }) },
  "says that it has more parts": { manifest: encodeManifest({ bytes: 2_500, partBytes: 1_000 }) },
  "says that it has fewer parts": { manifest: encodeManifest({ bytes: 1_000, partBytes: 1_000 }) },
  "has a manifest of another format": { manifest: Buffer.from('{"version":1}') },
  "has no manifest's content": { manifestContent: [] },
  "has a manifest in two pieces": { manifestContent: [sha256(TRUTH.manifest), sha256(TRUTH.manifest)] },
  "has a manifest of megabytes": { manifest: Buffer.concat([TRUTH.manifest, Buffer.alloc(MAX_MANIFEST_BYTES, " ")]) },
  "has a manifest that is not there": { manifestContent: [UNKNOWN] },
  "lacks a part": { parts: [FIRST_PART] },
  "has its parts elsewhere": {
    parts: [
      ["000000", FIRST_PART[1]],
      ["000002", SECOND_PART[1]],
    ],
  },
  "has a part of another name": { parts: [["000000", [fileNode("disk", [first], 1_000)]], SECOND_PART] },
  "has two files in a part": {
    parts: [["000000", [...FIRST_PART[1], fileNode("000001", [second], 500)]], SECOND_PART],
  },
  "has a folder for a part": { parts: [["000000", [plainNode(byteStringOf("000000"), FOLDER, { subtree: UNKNOWN })]], SECOND_PART] },
  "has no file in a part": { parts: [["000000", []], SECOND_PART] },
  "has a part that is longer than its entry says": { parts: [["000000", [fileNode("000000", [first, second], 1_000)]], SECOND_PART] },
  "has a part with other bytes missing": { parts: [FIRST_PART, ["000001", [fileNode("000001", [UNKNOWN], 500)]]] },
  "has parts of exchanged lengths": {
    parts: [
      ["000000", [fileNode("000000", [second], 1_000)]],
      ["000001", [fileNode("000001", [first], 500)]],
    ],
  },
};

for (const [what, change] of Object.entries(LIES)) {
  test(`an image that ${what} is refused, and nothing is written`, async (t) => {
    await assert.rejects(restored(t, change), { kind: "corrupt" });
  });
}
