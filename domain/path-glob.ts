/**
 * A path pattern as `.gitignore` and CI systems write it, as a regular expression of the kind that RE2 knows, so that the program and the
 * analytics store (`match`) read it alike: `**` any folders, `*` anything but `/`, `?` one character. A pattern that ends with `/` means all below.
 */
export function globToRegex(glob: string): string {
  const whole = glob.endsWith('/') ? `${glob}**` : glob
  let regex = ''
  for (let index = 0; index < whole.length;) {
    if (whole.startsWith('**/', index)) {
      regex += '(?:.*/)?'
      index += 3
    } else if (whole.startsWith('**', index)) {
      regex += '.*'
      index += 2
    } else {
      const character = whole[index] as string
      regex += character === '*' ? '[^/]*' : character === '?' ? '[^/]' : character.replace(/[\\^$.|+()[\]{}]/, '\\$&')
      index += 1
    }
  }
  return `^${regex}$`
}
