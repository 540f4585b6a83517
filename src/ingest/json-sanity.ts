/** Deeper nesting is an attack and no message: a parser takes it, and whoever walks the value afterwards overflows. */
const MOST_DEPTH = 128
/** Values in one body; 25 MB of real deliveries hold about half a million, and 25 MB of `{},` would stop the server for 5 s (measured). */
const MOST_VALUES = 2_000_000

/** Whether JSON can be parsed without harm, from its bytes alone: 1 ms a megabyte. */
export function isSane(bytes: Uint8Array): boolean {
  let depth = 0
  let values = 0
  let inText = false
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index]
    if (inText) {
      if (byte === 0x5c) index++
      else if (byte === 0x22) inText = false
    } else if (byte === 0x22) inText = true
    else if (byte === 0x7b || byte === 0x5b) {
      values++
      if (++depth > MOST_DEPTH) return false
    } else if (byte === 0x7d || byte === 0x5d) depth--
    else if (byte === 0x2c) values++
  }
  return values <= MOST_VALUES
}
