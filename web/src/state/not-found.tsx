import { PlainPage } from '../frame/plain-page.tsx'
import './not-found.css'

export function NotFound({ path }: { path: string }) {
  return (
    <PlainPage title="There is no such page" signedIn={null}>
      <p>
        Nothing is at <code>{path}</code>.
      </p>
      <p className="elsewhere">
        <a href="/">The delivery review</a>
        <a href="/docs">The API, documented</a>
      </p>
    </PlainPage>
  )
}
