/** Text that comes in pieces, line by line. What follows the last line end is half a line, and left out. */

const LINE_END = 0x0a;

/** @param tooLong Gives the error for a line of more than `maxBytes` */
export async function* lines(
  source: AsyncIterable<Uint8Array>,
  maxBytes: number,
  tooLong: () => Error,
): AsyncGenerator<string, void, undefined> {
  let parts: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of source) {
    let at = 0;
    for (let end = chunk.indexOf(LINE_END); end >= 0; end = chunk.indexOf(LINE_END, at)) {
      parts.push(chunk.subarray(at, end));
      yield Buffer.concat(parts).toString("utf8");
      [parts, length, at] = [[], 0, end + 1];
    }
    parts.push(chunk.subarray(at));
    length += chunk.length - at;
    if (length > maxBytes) throw tooLong();
  }
}
