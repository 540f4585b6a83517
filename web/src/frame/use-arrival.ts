import { useEffect, useRef, type RefObject } from 'react'

let arrivedBefore = false

/**
 * Who goes from one page to another begins at its heading, with the eyes and with a screen reader. The first page of a visit is left to the
 * browser.
 */
export function useArrival(): RefObject<HTMLHeadingElement | null> {
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    if (arrivedBefore) {
      window.scrollTo(0, 0)
      heading.current?.focus({ preventScroll: true })
    }
    arrivedBefore = true
  }, [])
  return heading
}
