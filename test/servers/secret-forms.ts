/** As it is, in base64 at each of the three places a text may begin in it, in hexadecimal, and as addresses write it. */
export function formsOf(secret: string): string[] {
  const base64 = [0, 1, 2].map((before) => {
    const whole = Buffer.concat([Buffer.alloc(before), Buffer.from(secret)]).toString('base64')
    // What stands beside the secret changes the outermost characters.
    return whole.slice(before === 0 ? 0 : 4, Math.floor(((before + secret.length) * 8) / 6 - 1))
  })
  return [
    secret,
    ...base64,
    ...base64.map((one) => one.replaceAll('+', '-').replaceAll('/', '_')),
    Buffer.from(secret).toString('hex'),
    encodeURIComponent(secret),
  ]
}

/** The greeting shows the ingest token and a link to whoever starts the server; the log is everything else. */
export function withoutGreeting(output: string): string {
  return output
    .split('\n')
    .filter((line) => !/Sign in|Send one/.test(line))
    .join('\n')
}
