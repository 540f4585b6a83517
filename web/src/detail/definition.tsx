import type { CatalogueEntry } from '../api/contract.ts'
import { Prose } from '../frame/prose.tsx'

export function Definition({ entry, failed }: { entry: CatalogueEntry | undefined; failed: boolean }) {
  if (entry === undefined) {
    return failed ? <p className="quiet">The definition could not be read just now.</p> : null
  }
  return (
    <section className="detail-section definition" aria-labelledby="detail-definition">
      <h3 id="detail-definition">How it is made</h3>
      <p>
        <Prose text={entry.definition} />
      </p>
      {entry.caveats.length > 0 && (
        <ul aria-label="Caveats">
          {entry.caveats.map((caveat) => (
            <li key={caveat}>
              <Prose text={caveat} />
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}
