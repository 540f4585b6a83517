import { useEffect, useRef, useState, type RefObject } from 'react'

/**
 * A panel that a button opens. It closes on Escape, with the focus back on the button, on a press elsewhere, and when the focus goes on to
 * what stands behind it.
 */
export function useDisclosure(): {
  box: RefObject<HTMLDivElement | null>
  button: RefObject<HTMLButtonElement | null>
  open: boolean
  toggle: () => void
  close: () => void
} {
  const box = useRef<HTMLDivElement>(null)
  const button = useRef<HTMLButtonElement>(null)
  const [open, setOpen] = useState(false)
  useEffect(() => {
    if (!open) return undefined
    const pressed = (event: KeyboardEvent) => {
      if (event.key !== 'Escape') return
      setOpen(false)
      button.current?.focus()
    }
    const elsewhere = (event: Event) => {
      if (event.target instanceof Node && box.current?.contains(event.target) === false) setOpen(false)
    }
    document.addEventListener('keydown', pressed)
    document.addEventListener('pointerdown', elsewhere)
    document.addEventListener('focusin', elsewhere)
    return () => {
      document.removeEventListener('keydown', pressed)
      document.removeEventListener('pointerdown', elsewhere)
      document.removeEventListener('focusin', elsewhere)
    }
  }, [open])
  return { box, button, open, toggle: () => setOpen(!open), close: () => setOpen(false) }
}
