/** The steps of the demo as a person reads them: what is done, by which command, with what outcome, in what time. */

export class Steps {
  readonly #startMs = performance.now();
  readonly #done: { readonly title: string; readonly ms: number }[] = [];

  async step<T>(title: string, work: () => Promise<T>): Promise<T> {
    process.stdout.write(`\n${this.#done.length + 1}. ${title}\n`);
    const startMs = performance.now();
    const result = await work();
    const ms = performance.now() - startMs;
    this.#done.push({ title, ms });
    process.stdout.write(`   ${seconds(ms)}\n`);
    return result;
  }

  command(text: string): void {
    process.stdout.write(`   $ ${text}\n`);
  }

  output(text: string): void {
    for (const line of text.trimEnd().split("\n")) process.stdout.write(`   ${line}\n`);
  }

  end(): void {
    const width = Math.max(...this.#done.map(({ title }) => title.length));
    process.stdout.write("\n");
    for (const { title, ms } of this.#done) process.stdout.write(`${title.padEnd(width)}  ${seconds(ms).padStart(8)}\n`);
    process.stdout.write(`${"All of it".padEnd(width)}  ${seconds(performance.now() - this.#startMs).padStart(8)}\n`);
  }
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
