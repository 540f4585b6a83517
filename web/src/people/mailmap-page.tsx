import { Link } from 'wouter'
import type { Status } from '../api/contract.ts'
import { PEOPLE_KEYS } from '../api/people.ts'
import { useMayChange } from '../api/session.ts'
import { FileImport } from '../frame/file-import.tsx'
import { Page } from '../frame/page.tsx'
import { ReadOnly } from '../frame/read-only.tsx'

const EXAMPLE = `Ada Lovelace <ada@example.org> <ada@old.example>
Ada Lovelace <ada@example.org> ada-l <al@home.example>`

/** Who is one person, as the `.mailmap` of a repository says. */
export default function MailmapPage({ status }: { status: Status }) {
  const mayChange = useMayChange()
  return (
    <Page
      status={status}
      title="Import a .mailmap"
      above={<Link href="/people">People</Link>}
      lead={<p>It says which e-mails are one person, as git reads it. Those of repositories that are connected are read by themselves.</p>}
    >
      {mayChange === false ? (
        <ReadOnly what="the people" />
      ) : (
        <FileImport<{ changes: string[] }>
          path="/v1/people/mailmap"
          keys={PEOPLE_KEYS}
          hint="People that it says are one become one. What was put there by hand stays."
          example={EXAMPLE}
          accept=""
          holds={() => ''}
          next={<Link href="/people">Go to the people</Link>}
        />
      )}
    </Page>
  )
}
