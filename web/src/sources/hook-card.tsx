import type { Source } from '../api/contract.ts'
import { Command } from '../frame/copy-button.tsx'
import { Markdown } from '../frame/markdown.tsx'

/** Where the tool sends its webhooks, and how that is set up there. */
export function HookCard({ source, docs }: { source: Source; docs: string | null }) {
  if (source.hook_path === null) return null
  const address = `${window.location.origin}${source.hook_path}`
  return (
    <section className="card" aria-labelledby="source-hook">
      <h2 id="source-hook">Webhook</h2>
      <p>Send the tool’s webhooks here, and what happens is in the figures within seconds.</p>
      <Command text={address} label="the address of the webhook" />
      {docs !== null && <Markdown text={docs.replaceAll('{url}', address)} />}
      {!source.secrets.includes('webhook_secrets') && (
        <p className="is-warn">No secret stands in the settings yet, so deliveries cannot prove themselves.</p>
      )}
    </section>
  )
}
