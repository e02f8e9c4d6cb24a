/** Examples in the help of every command. A test reads each of them as the program would. */
import type { Command } from "commander";

/** By the words of the command. Those that need a repository or a location find it in the environment, unless the example is about naming one. */
const EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  "app list": ["holdfast app list", "holdfast app list --namespace shop", "holdfast app list --units applications.yaml -o json"],
  "app show": ["holdfast app show shop", "holdfast app show helm/web --namespace shop"],
  backup: [
    "holdfast backup shop --dry-run",
    "holdfast backup shop",
    "holdfast backup shop --snapshot-class fast --keep-snapshots 2",
    "holdfast backup cluster --allow-partial",
  ],
  "location init": [
    "holdfast location init --location /srv/backups --key-out ~/backups.key",
    "holdfast location init --location 's3://backups/eu?region=eu-central-1' --key-out ~/backups.key",
  ],
  "point list": ["holdfast point list", "holdfast point list shop"],
  "point show": ["holdfast point show shop", "holdfast point show 01M8J3GYGCV0"],
  "point browse": ["holdfast point browse shop objects/shop", "holdfast point browse shop@01M8J3GYGCV0"],
  "point extract": [
    "holdfast point extract shop deployment/web",
    "holdfast point extract shop objects/shop/core/configmaps/v1/web.json",
    "holdfast point extract shop volumes/data/uploads --target /tmp/uploads",
  ],
  "point diff": ["holdfast point diff shop", "holdfast point diff shop@01M8J3GYGCV0 shop@latest --exit-code"],
  restore: [
    "holdfast restore shop --dry-run --plan shop.plan",
    "holdfast restore shop@01M8J3GYGCV0 --plan shop.plan",
    "holdfast restore shop --to-namespace shop-copy --storage-class fast=standard",
    "holdfast restore shop --only Deployment/web,ConfigMap/web --existing update",
    "holdfast restore shop --swap --dry-run",
    "holdfast restore shop@01M8J3GYGCV0 --path volumes/data/uploads/2026",
    "holdfast restore shop --to-namespace shop-copy --volumes-only --only PersistentVolumeClaim/data --volume-size data=20Gi",
  ],
  clone: [
    "holdfast clone shop --to-namespace shop-test",
    "holdfast clone shop@01M8J3GYGCV0 --to-namespace shop-test --storage-class fast=standard --replicas 0",
    "holdfast clone shop --to-namespace shop-test --open Ingress/web --open-egress 10.1.0.0/16",
    "holdfast clone shop --to-namespace shop-test --mask --blueprints masked.yaml",
  ],
  "run list": ["holdfast run list", "holdfast run list shop"],
  "run show": ["holdfast run show 01M8J3GYGCV0"],
  "run undo": ["holdfast run undo 01M8J3GYGCV0"],
  "run release": ["holdfast run release 01M8J3GYGCV0 --dry-run", "holdfast run release 01M8J3GYGCV0 --yes"],
  gc: ["holdfast gc --dry-run", "holdfast gc"],
  "transform test": [
    "holdfast transform test staging.yaml --object web.yaml",
    "kubectl get deployments -n shop -o json | holdfast transform test staging.yaml --object -",
  ],
  "blueprint list": ["holdfast blueprint list", "holdfast blueprint list --blueprints ./blueprints"],
  "blueprint show": ["holdfast blueprint show postgresql"],
  "blueprint check": ["holdfast blueprint check mydb.yaml"],
  "blueprint test": ["holdfast blueprint test shop", "holdfast blueprint test shop --blueprints mydb.yaml --only StatefulSet/db --quiesce"],
  "repository init": [
    "holdfast repository init --repository /srv/backups --key-out ~/backups.key",
    "holdfast repository init --repository 's3://backups/eu?region=eu-central-1' --password-file ~/.holdfast",
    "holdfast repository init --repository s3://immutable --retention 30d --key-out ~/backups.key",
  ],
  "repository check": [
    "holdfast repository check",
    "holdfast repository check --read-data-subset 5%",
    "holdfast repository check --lock-expiry 7d",
  ],
  "repository stats": ["holdfast repository stats", "holdfast repository stats latest --mode raw-data"],
  "repository forget": [
    "holdfast repository forget --keep-daily 7 --keep-weekly 5 --keep-monthly 12 --dry-run",
    "holdfast repository forget --keep-within 30d --host web-1 --prune",
  ],
  "repository prune": ["holdfast repository prune --dry-run", "holdfast repository prune --max-unused 10% --max-repack '20 GiB'"],
  "repository copy": [
    "holdfast repository copy --from-repository /srv/backups --from-password-file ~/backups.key",
    "holdfast repository copy latest --host web-1 --from-repository /srv/backups --dry-run",
  ],
  "repository repair index": ["holdfast repository repair index", "holdfast repository repair index --read-all-packs --dry-run"],
  "repository repair packs": ["holdfast repository repair packs 4f1c22aa5e0b8d3967c1fa24d0b95e837a6cd1420f8e3b975d64ac21e89f0b37"],
  "repository repair snapshots": [
    "holdfast repository repair snapshots --dry-run",
    "holdfast repository repair snapshots 4f1c22aa --forget",
  ],
  "repository repair access": ["holdfast repository repair access --dry-run", "holdfast repository repair access 4f1c22aa"],
  "repository repair undelete": ["holdfast repository repair undelete --as-of 2026-05-01T13:45:00Z --dry-run"],
  "repository migrate": ["holdfast repository migrate --dry-run"],
  "repository adopt": ["holdfast repository adopt --cluster production"],
  "repository access": ["holdfast repository access --reveal", 'eval "$(holdfast repository access --password-out ~/restic.password)"'],
  "repository retention show": ["holdfast repository retention show"],
  "repository retention set": ["holdfast repository retention set 30d", "holdfast repository retention set none"],
  "repository retention extend": ["holdfast repository retention extend latest"],
  "repository unlock": ["holdfast repository unlock"],
  "repository password": ["holdfast repository password", "holdfast repository password --new-password-file ~/.holdfast.new"],
  "repository key add": ["holdfast repository key add --key-out ~/team.password --username team", "holdfast repository key add --reveal"],
  "repository key list": ["holdfast repository key list"],
  "repository key remove": ["holdfast repository key remove 4f1c22aa"],
  "files backup": [
    "holdfast files backup /home /etc --exclude-caches --exclude '*.tmp' --tag daily",
    "pg_dump shop | holdfast files backup --stdin-name shop.sql",
    "holdfast files backup --image /dev/vg0/shop-snapshot",
  ],
  "files restore": [
    "holdfast files restore latest --target / --dry-run",
    "holdfast files restore 4f1c22aa:/home/anna --target /tmp/anna --include '*.odt'",
    "holdfast files restore latest --image /dev/vg0/shop-restored",
  ],
  "files list": ["holdfast files list --host web-1 --tag daily", "holdfast files list --latest 1"],
  "files show": ["holdfast files show latest", "holdfast files show 4f1c22aa:/home/anna --long --recursive"],
  "files find": ["holdfast files find '*.odt' --ignore-case", "holdfast files find '/etc/**/passwd' --newer 2026-05-01T00:00:00Z"],
  "files diff": ["holdfast files diff 4f1c22aa latest", "holdfast files diff 4f1c22aa:/etc latest:/etc --metadata"],
  "files dump": ["holdfast files dump latest shop.sql | psql shop", "holdfast files dump latest /home/anna --target anna.tar"],
  "files rewrite": ["holdfast files rewrite --exclude '*.mp4' --dry-run", "holdfast files rewrite latest --add-tag keep --forget"],
  "storage check": [
    "holdfast storage check /srv/backups",
    "holdfast storage check 's3://backups/eu?endpoint=https://s3.example.org' --lock",
  ],
  completion: [
    "source <(holdfast completion bash)                              # in ~/.bashrc",
    "source <(holdfast completion zsh)                               # in ~/.zshrc, after compinit",
    "holdfast completion fish > ~/.config/fish/completions/holdfast.fish",
  ],
  help: ["holdfast help files backup"],
};

/** @param program With all its commands */
export function addExamples(program: Command): void {
  for (const [path, lines] of Object.entries(EXAMPLES)) {
    const command = path
      .split(" ")
      .reduce<Command | undefined>((parent, name) => parent?.commands.find((child) => child.name() === name), program);
    if (command === undefined) throw new Error(`there is an example of "${path}", which is no command`);
    command.addHelpText("after", `\n${lines.length === 1 ? "Example" : "Examples"}:\n${lines.map((line) => `  ${line}`).join("\n")}`);
  }
}
