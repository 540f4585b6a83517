import { useEffect, useState } from 'react'
import { Icon } from './icon.tsx'

/** A command to run elsewhere, with a button that copies it. */
export function Command({ text, label }: { text: string; label: string }) {
  return (
    <div className="command">
      <pre tabIndex={0} role="region" aria-label={label}>
        <code>{text}</code>
      </pre>
      <CopyButton text={text} label={label} />
    </div>
  )
}

export function CopyButton({ text, label }: { text: string; label: string }) {
  const [state, setState] = useState<'idle' | 'copied' | 'failed'>('idle')
  useEffect(() => {
    if (state === 'idle') return undefined
    const timer = setTimeout(() => setState('idle'), 2_000)
    return () => clearTimeout(timer)
  }, [state])
  const words = state === 'copied' ? 'Copied' : state === 'failed' ? 'Select and copy by hand' : 'Copy'
  const copy = async () => setState((await copied(text)) ? 'copied' : 'failed')
  return (
    <button type="button" className="button button-quiet copy" aria-label={`${words}: ${label}`} onClick={() => void copy()}>
      <Icon name={state === 'copied' ? 'check' : 'copy'} />
      <span aria-live="polite">{words}</span>
    </button>
  )
}

/** The clipboard exists only on https and localhost; a dashboard in a private network is often on neither. */
async function copied(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return false
  }
}
