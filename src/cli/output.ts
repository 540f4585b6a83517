import Table from 'cli-table3'
import pc from 'picocolors'
import type { AppError } from '../errors.ts'

/** What a person reads on a terminal: standard output for results, standard error for everything else. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2))
}

export function note(text: string): void {
  process.stderr.write(`${text}\n`)
}

/** What failed, and what to do next. What nobody foresaw shows its cause in one line; the stack stands in the log. */
export function printError(error: AppError): void {
  note(`${pc.red('error')} ${error.message}`)
  const errors = (error.detail as { errors?: { index?: number; reasons?: readonly string[]; path?: string; message?: string }[] } | null)
    ?.errors
  for (const one of errors?.slice(0, 20) ?? [])
    note(`  ${one.index === undefined ? one.path : `event ${one.index}`}: ${one.reasons?.join('; ') ?? one.message}`)
  if ((errors?.length ?? 0) > 20) note(`  … and ${(errors?.length ?? 0) - 20} more`)
  if (error.code === 'internal' && error.cause instanceof Error) note(`  ${error.cause.message}`)
  if (error.help !== null) note(`${pc.dim('help')}  ${error.help}`)
}

export function table(head: readonly string[], rows: readonly (readonly string[])[], rightAligned: readonly number[] = []): string {
  const plain = {
    top: '', 'top-mid': '', 'top-left': '', 'top-right': '', bottom: '', 'bottom-mid': '', 'bottom-left': '', 'bottom-right': '',
    left: '', 'left-mid': '', mid: '', 'mid-mid': '', right: '', 'right-mid': '', middle: '  ',
  } // prettier-ignore
  const made = new Table({
    head: head.map((one) => pc.dim(one)),
    chars: plain,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    colAligns: head.map((_, index) => (rightAligned.includes(index) ? 'right' : 'left')),
  })
  made.push(...rows.map((row) => [...row]))
  return made
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
}

/** Draws on a terminal, prints a plain line now and then elsewhere, and leaves nothing behind. */
export function progress(label: string): { tick(done: number, total: number | null, what: string): void; end(): void } {
  const tty = process.stderr.isTTY === true
  const started = Date.now()
  // On a terminal something moves soon; elsewhere a short job prints nothing.
  let last = tty ? 0 : started
  return {
    tick(done, total, what) {
      const now = Date.now()
      if (now - started < 300 || now - last < (tty ? 80 : 5_000)) return
      last = now
      const share = total === null || total === 0 ? '' : ` ${Math.floor((100 * done) / total)} %`
      const left =
        total === null || done === 0 || total <= done ? '' : `, ${Math.ceil((((now - started) / done) * (total - done)) / 1000)} s left`
      const line = `${label}: ${done.toLocaleString('en')}${total === null ? '' : ` of ${total.toLocaleString('en')}`} ${what}${share}${left}`
      if (tty) process.stderr.write(`\r\u001b[2K${pc.dim(line)}`)
      else note(line)
    },
    end() {
      if (tty) process.stderr.write('\r\u001b[2K')
    },
  }
}
