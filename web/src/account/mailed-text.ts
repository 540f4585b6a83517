import type { MadeLink } from '../api/contract.ts'

/** Whether the link is on its way already, or is to be passed on. */
export function mailedText({ mailed, mail_error }: MadeLink, email: string): string {
  if (mailed) return `It was mailed to ${email}, too.`
  return `It was not mailed: pass it on yourself.${mail_error === null ? '' : ` ${mail_error}`}`
}
