/** How wide a text is on a terminal. */

/** East Asian wide and emoji (Unicode Annex 11), roughly: a narrow letter counted as wide costs only space. */
const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;
const NO_WIDTH = /^(?:\p{Mark}|\p{Default_Ignorable_Code_Point})$/u;

/** In columns. The text has no control characters. */
export function terminalWidth(text: string): number {
  return Array.from(text, letterWidth).reduce((sum, width) => sum + width, 0);
}

function letterWidth(letter: string): number {
  return letter < "\u0300" ? 1 : NO_WIDTH.test(letter) ? 0 : WIDE.test(letter) ? 2 : 1;
}

/** Leaves out the start, as a path tells more by its end: "…rest of it". */
export function cutStart(text: string, maxColumns: number): string {
  if (terminalWidth(text) <= maxColumns) return text;
  const letters = Array.from(text);
  let start = letters.length;
  for (let room = maxColumns - 1; start > 0; start--) {
    room -= letterWidth(letters[start - 1] ?? "");
    if (room < 0) break;
  }
  return maxColumns < 1 ? "" : `…${letters.slice(start).join("")}`;
}

/** Leaves out the end. */
export function cutEnd(text: string, maxColumns: number): string {
  let room = maxColumns;
  const fitting = Array.from(text).findIndex((letter) => (room -= letterWidth(letter)) < 0);
  return fitting < 0 ? text : Array.from(text).slice(0, fitting).join("");
}
