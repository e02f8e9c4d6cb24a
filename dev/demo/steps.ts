/** The steps of the demo as a person reads them: what is done, by which command, with what outcome, in what time. */

export class Steps {
  readonly #out: Pick<NodeJS.WritableStream, "write">;
  readonly #startMs = performance.now();
  readonly #done: { readonly title: string; readonly ms: number }[] = [];

  constructor(out: Pick<NodeJS.WritableStream, "write">) {
    this.#out = out;
  }

  async step<T>(title: string, work: () => Promise<T>): Promise<T> {
    this.#out.write(`\n${this.#done.length + 1}. ${title}\n`);
    const startMs = performance.now();
    const result = await work();
    const ms = performance.now() - startMs;
    this.#done.push({ title, ms });
    this.#out.write(`   ${seconds(ms)}\n`);
    return result;
  }

  command(text: string): void {
    this.#out.write(`   $ ${text}\n`);
  }

  output(text: string): void {
    for (const line of text.trimEnd().split("\n")) this.#out.write(`   ${line}`.trimEnd().concat("\n"));
  }

  end(): void {
    const width = Math.max(...this.#done.map(({ title }) => title.length));
    const line = (title: string, ms: number): string => `${title.padEnd(width)}  ${seconds(ms).padStart(8)}\n`;
    this.#out.write(
      ["\n", ...this.#done.map(({ title, ms }) => line(title, ms)), line("All of it", performance.now() - this.#startMs)].join(""),
    );
  }
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
