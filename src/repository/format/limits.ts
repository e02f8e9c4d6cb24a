/**
 * What a repository may ask of its reader. Whoever can write to the bucket, or has a key of the repository, can put anything there;
 * so memory and time are spent on a value from it only within these limits.
 */
const KIB = 1_024;
const MIB = 1_024 * KIB;
const GIB = 1_024 * MIB;

export interface RepositoryLimits {
  readonly keyFileBytes: number;
  /** restic tries no more than this many key files, so none is added beyond. */
  readonly keyFiles: number;
  /** 128·N·r, and 128·p·r likewise: the memory that scrypt takes. */
  readonly scryptBytes: number;
  /** scrypt's p: how often that memory is gone through. */
  readonly scryptRounds: number;
  /** As stored: config, and the small records beside it. */
  readonly configBytes: number;
  /** A lock, snapshot, index or other sealed file, unpacked. */
  readonly fileBodyBytes: number;
  /** Offsets in packs have 32 bits. */
  readonly packBytes: number;
  /** A sealed header, without its trailer; restic reads no longer one. */
  readonly packHeaderBytes: number;
  /** Unpacked. restic and Holdfast cut at 8 MiB, rustic where its user said. */
  readonly dataBlobBytes: number;
  /** Unpacked. A folder of a million files takes 350 MB. */
  readonly treeBlobBytes: number;
  /** Folders in folders. */
  readonly treeDepth: number;
  /** Of an entry of a folder: no path that the kernel takes has more bytes. */
  readonly nameBytes: number;
  /** Files, folders and others, a tree counted wherever it lies: more than any file system holds. */
  readonly snapshotEntries: number;
}

export const REPOSITORY_LIMITS: RepositoryLimits = Object.freeze({
  keyFileBytes: 64 * KIB,
  keyFiles: 20,
  scryptBytes: 256 * MIB,
  scryptRounds: 64,
  configBytes: 64 * KIB,
  fileBodyBytes: 256 * MIB,
  packBytes: 4 * GIB - 1,
  packHeaderBytes: 16 * MIB,
  dataBlobBytes: 128 * MIB,
  treeBlobBytes: 2 * GIB,
  treeDepth: 1_000,
  nameBytes: 4_096,
  snapshotEntries: 2 ** 32,
});
