/** Moments as Go's time.Time has them in JSON: RFC 3339 with the fraction's trailing zeros left out, years 0000 to 9999. */

/** 0001-01-01T00:00:00Z: what Go has where nothing was set. */
export const GO_ZERO_TIME_NS = -62_135_596_800_000_000_000n;

const NS_PER_SECOND = 1_000_000_000n;
const SECONDS_PER_DAY = 86_400;
const SECONDS_PER_MINUTE = 60;
/** The Gregorian calendar repeats after 400 years. */
const DAYS_PER_ERA = 146_097;
/** Days from 0000-03-01 to 1970-01-01: years that start in March have their leap day at the end. */
const EPOCH_DAY = 719_468;
const LAST_YEAR = 9999;

interface CalendarDay {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

/** Writes moments in UTC. Neighbours in a folder mostly share the second or the day, so the last ones are kept. */
export class GoTimeFormat {
  #secondNs = GO_ZERO_TIME_NS;
  #secondText = "0001-01-01T00:00:00";
  #day = Number.NaN;
  #dayText = "";

  /** A year outside of what can be written becomes 0000 or 9999, the rest of the date stays: as restic does. */
  format(ns: bigint): string {
    let inSecond = Number(ns - this.#secondNs);
    if (inSecond < 0 || inSecond >= 1e9) {
      const towardsZero = ns / NS_PER_SECOND;
      const second = towardsZero * NS_PER_SECOND > ns ? towardsZero - 1n : towardsZero;
      this.#secondNs = second * NS_PER_SECOND;
      this.#secondText = this.#formatSecond(Number(second));
      inSecond = Number(ns - this.#secondNs);
    }
    return inSecond === 0 ? `${this.#secondText}Z` : `${this.#secondText}.${fractionText(inSecond)}Z`;
  }

  #formatSecond(second: number): string {
    const day = Math.floor(second / SECONDS_PER_DAY);
    if (day !== this.#day) {
      this.#dayText = formatDay(calendarDay(day));
      this.#day = day;
    }
    const inDay = second - day * SECONDS_PER_DAY;
    const inHour = inDay % 3600;
    return `${this.#dayText}T${two((inDay - inHour) / 3600)}:${two(Math.floor(inHour / SECONDS_PER_MINUTE))}:${two(inHour % SECONDS_PER_MINUTE)}`;
  }
}

/**
 * Reads what Go reads: any zone offset, fractions of any length of which nine digits count.
 *
 * @param bytes The text lies in [from, to).
 * @returns Nanoseconds since 1970, or undefined if that is no such time.
 */
export function parseGoTime(bytes: Uint8Array, from: number, to: number): bigint | undefined {
  const year = digits(bytes, from, 2) * 100 + digits(bytes, from + 2, 2);
  const month = digits(bytes, from + 5, 2);
  const day = digits(bytes, from + 8, 2);
  const hour = digits(bytes, from + 11, 2);
  const minute = digits(bytes, from + 14, 2);
  const second = digits(bytes, from + 17, 2);
  const separated =
    bytes[from + 4] === DASH &&
    bytes[from + 7] === DASH &&
    bytes[from + 10] === LETTER_T &&
    bytes[from + 13] === COLON &&
    bytes[from + 16] === COLON;
  // Written so that NaN, which stands for something else than digits, is refused.
  const inRange = year >= 0 && month >= 1 && month <= 12 && day >= 1 && hour <= 23 && minute <= 59 && second <= 59;
  if (!separated || !inRange || day > daysInMonth(year, month)) return undefined;

  let at = from + 19;
  let fraction = 0;
  if (bytes[at] === POINT || bytes[at] === COMMA) {
    const start = ++at;
    for (let scale = 100_000_000; isDigit(bytes[at]); scale = Math.floor(scale / 10)) fraction += digit(bytes[at++]) * scale;
    if (at === start) return undefined;
  }
  const offset = zoneOffset(bytes, at, to);
  if (offset === undefined) return undefined;
  const seconds = dayNumber(year, month, day) * SECONDS_PER_DAY + hour * 3600 + minute * SECONDS_PER_MINUTE + second - offset;
  return BigInt(seconds) * NS_PER_SECOND + BigInt(fraction);
}

const [DASH, LETTER_T, LETTER_Z, COLON, POINT, COMMA, PLUS, ZERO] = [0x2d, 0x54, 0x5a, 0x3a, 0x2e, 0x2c, 0x2b, 0x30] as const;

/** Seconds east of UTC. */
function zoneOffset(bytes: Uint8Array, at: number, to: number): number | undefined {
  const sign = bytes[at];
  if (sign === LETTER_Z) return at + 1 === to ? 0 : undefined;
  if ((sign !== PLUS && sign !== DASH) || at + 6 !== to || bytes[at + 3] !== COLON) return undefined;
  const hours = digits(bytes, at + 1, 2);
  const minutes = digits(bytes, at + 4, 2);
  if (!(hours <= 23 && minutes <= 59)) return undefined;
  const seconds = hours * 3600 + minutes * SECONDS_PER_MINUTE;
  return sign === PLUS ? seconds : -seconds;
}

/** NaN if one is no digit. */
function digits(bytes: Uint8Array, at: number, count: number): number {
  let value = 0;
  for (let i = at; i < at + count; i++) value = value * 10 + digit(bytes[i]);
  return value;
}

function digit(byte: number | undefined): number {
  return isDigit(byte) ? byte - ZERO : Number.NaN;
}

function isDigit(byte: number | undefined): byte is number {
  return byte !== undefined && byte >= ZERO && byte <= ZERO + 9;
}

function formatDay({ year, month, day }: CalendarDay): string {
  const written = Math.min(Math.max(year, 0), LAST_YEAR);
  // The one day that a year moved to 9999 may not have; Go's calendar then goes on to the next.
  const [writtenMonth, writtenDay] = day <= daysInMonth(written, month) ? [month, day] : [month + 1, 1];
  return `${String(written).padStart(4, "0")}-${two(writtenMonth)}-${two(writtenDay)}`;
}

function calendarDay(epochDay: number): CalendarDay {
  const shifted = epochDay + EPOCH_DAY;
  const era = Math.floor(shifted / DAYS_PER_ERA);
  const dayOfEra = shifted - era * DAYS_PER_ERA;
  const leapDays = Math.floor(dayOfEra / 1460) - Math.floor(dayOfEra / 36_524) + Math.floor(dayOfEra / 146_096);
  const yearOfEra = Math.floor((dayOfEra - leapDays) / 365);
  const dayOfYear = dayOfEra - daysBeforeYear(yearOfEra);
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  return {
    year: era * 400 + yearOfEra + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - daysBeforeMonth(monthFromMarch) + 1,
  };
}

function dayNumber(year: number, month: number, day: number): number {
  const fromMarch = month <= 2 ? year - 1 : year;
  const monthFromMarch = month <= 2 ? month + 9 : month - 3;
  return daysBeforeYear(fromMarch) + daysBeforeMonth(monthFromMarch) + day - 1 - EPOCH_DAY;
}

function daysBeforeYear(year: number): number {
  return 365 * year + Math.floor(year / 4) - Math.floor(year / 100) + Math.floor(year / 400);
}

/** Months from March have 31, 30, 31, 30, 31 days, over and over: 153 in five. */
function daysBeforeMonth(monthFromMarch: number): number {
  return Math.floor((153 * monthFromMarch + 2) / 5);
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

function fractionText(nanoseconds: number): string {
  let value = nanoseconds;
  let length = 9;
  for (; value % 10 === 0; value /= 10) length--;
  return String(value).padStart(length, "0");
}

function two(value: number): string {
  return value < 10 ? `0${value}` : String(value);
}
