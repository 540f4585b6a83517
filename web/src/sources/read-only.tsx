import { Notice } from '../frame/notice.tsx'

/** Said once, instead of buttons that would all be refused. */
export function ReadOnly() {
  return (
    <Notice tone="warn">
      You may look at the sources and not change them. Changing needs a token with the scope <code>admin</code>; an administrator can make
      one.
    </Notice>
  )
}
