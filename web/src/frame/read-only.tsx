import { Notice } from './notice.tsx'

/** Said once, instead of buttons that would all be refused. */
export function ReadOnly({ what }: { what: string }) {
  return (
    <Notice tone="warn">
      You may look at {what} and not change them. Changing needs the right <code>admin</code>: the role of an owner or admin, or a token
      with that scope.
    </Notice>
  )
}
