import { useEffect, useLayoutEffect, useRef, type MouseEvent, type ReactNode, type SyntheticEvent } from 'react'
import './side-dialog.css'

/**
 * The browser's own modal dialog, at the side: it keeps the focus inside, makes the page behind inert, and closes on Escape.
 * Focus begins at `focusFirst`, an element's id, and afterwards goes back to `focusAfter`.
 */
export function SideDialog({
  labelledBy,
  focusFirst,
  focusAfter,
  onClose,
  children,
}: {
  labelledBy: string
  focusFirst: string
  focusAfter: string
  onClose: () => void
  children: ReactNode
}) {
  const dialog = useRef<HTMLDialogElement>(null)
  useLayoutEffect(() => {
    const element = dialog.current
    element?.showModal()
    document.querySelector<HTMLElement>(`#${CSS.escape(focusFirst)}`)?.focus()
    return () => element?.close()
  }, [focusFirst])
  // After the page is no longer inert; a shared address opens the dialog without anything having been focused before.
  useEffect(() => () => queueMicrotask(() => document.querySelector<HTMLElement>(`#${CSS.escape(focusAfter)}`)?.focus()), [focusAfter])

  const cancel = (event: SyntheticEvent) => {
    event.preventDefault()
    onClose()
  }
  // Chromium closes on a second Escape without asking; the address must follow.
  const closed = () => {
    if (dialog.current?.open === false) onClose()
  }
  const pressed = (event: MouseEvent) => {
    if (event.target === dialog.current) onClose()
  }
  return (
    <dialog ref={dialog} className="side" aria-labelledby={labelledBy} onCancel={cancel} onClose={closed} onClick={pressed}>
      <div className="side-body">{children}</div>
    </dialog>
  )
}
