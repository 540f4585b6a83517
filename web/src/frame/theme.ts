import { useSyncExternalStore } from 'react'

/**
 * The theme is always written on the root element, so that each colour is said once per theme in CSS. Without a choice of the
 * reader's it follows the system, also while the page is open.
 */
export type Theme = 'light' | 'dark'

const KEY = 'fairlead.theme'
const system = window.matchMedia('(prefers-color-scheme: dark)')
const listeners = new Set<() => void>()

export function followTheme(): void {
  apply()
  system.addEventListener('change', apply)
  // Another tab of the same dashboard has changed it.
  window.addEventListener('storage', apply)
  // Paper is white.
  window.addEventListener('beforeprint', () => write('light'))
  window.addEventListener('afterprint', apply)
}

export function chooseTheme(theme: Theme): void {
  try {
    localStorage.setItem(KEY, theme)
  } catch {
    // Storage may be forbidden; the choice then lasts until the page is left.
  }
  write(theme)
}

export function useTheme(): Theme {
  return useSyncExternalStore(subscribe, current)
}

function apply(): void {
  write(stored() ?? (system.matches ? 'dark' : 'light'))
}

function write(theme: Theme): void {
  document.documentElement.dataset['theme'] = theme
  for (const listener of listeners) listener()
}

function stored(): Theme | null {
  try {
    const theme = localStorage.getItem(KEY)
    return theme === 'light' || theme === 'dark' ? theme : null
  } catch {
    return null
  }
}

function current(): Theme {
  return document.documentElement.dataset['theme'] === 'dark' ? 'dark' : 'light'
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}
