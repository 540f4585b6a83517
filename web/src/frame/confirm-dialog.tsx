import { useId, useLayoutEffect, useRef, type ReactNode, type SyntheticEvent } from 'react'
import './confirm-dialog.css'

/** A question before something that cannot be taken back. It begins at the harmless answer, and Escape is that answer, too. */
export function ConfirmDialog({
  title,
  act,
  keep = 'Keep it',
  busy,
  onAct,
  onCancel,
  children,
}: {
  title: string
  /** What the button says that does it. */
  act: string
  /** What the harmless answer says. */
  keep?: string
  busy: boolean
  onAct: () => void
  onCancel: () => void
  children: ReactNode
}) {
  const id = useId()
  const dialog = useRef<HTMLDialogElement>(null)
  const harmless = useRef<HTMLButtonElement>(null)
  useLayoutEffect(() => {
    const element = dialog.current
    // The browser gives the focus back to it by itself when the dialog closes, but not when it is taken away.
    const before = document.activeElement
    element?.showModal()
    harmless.current?.focus()
    return () => {
      element?.close()
      if (before instanceof HTMLElement) queueMicrotask(() => before.focus())
    }
  }, [])
  const cancel = (event: SyntheticEvent) => {
    event.preventDefault()
    onCancel()
  }
  const closed = () => {
    if (dialog.current?.open === false) onCancel()
  }
  return (
    <dialog ref={dialog} className="confirm" aria-labelledby={id} onCancel={cancel} onClose={closed}>
      <h2 id={id}>{title}</h2>
      {children}
      <div className="confirm-buttons">
        <button type="button" ref={harmless} className="button" onClick={onCancel}>
          {keep}
        </button>
        <button type="button" className="button button-bad" disabled={busy} onClick={onAct}>
          {busy ? 'One moment…' : act}
        </button>
      </div>
    </dialog>
  )
}
