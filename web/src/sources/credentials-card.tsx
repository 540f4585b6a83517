import { Link } from 'wouter'
import type { Connector, SourceHealth } from '../api/contract.ts'
import { date, moment } from '../format/moment.ts'
import { Listed, Listing } from '../frame/listing.tsx'
import { settingsAddress } from './addresses.ts'
import { labelOf } from './settings.ts'

/** Which credentials are kept, since when and who gave them. What they hold is shown to nobody: one is replaced by giving another. */
export function CredentialsCard({
  health,
  connector,
  mayChange,
  zone,
}: {
  health: SourceHealth
  connector: Connector | undefined
  mayChange: boolean
  zone: string
}) {
  const { name, credentials } = health
  const takesAny = connector?.fields.some(({ secret }) => secret) === true
  if (credentials.length === 0 && !takesAny) return null
  return (
    <section className="card" aria-labelledby="source-credentials">
      <h2 id="source-credentials">Credentials</h2>
      {credentials.length === 0 ? (
        <p className="quiet">None is kept.</p>
      ) : (
        <>
          <p>Kept encrypted. They are sent to the tool and shown to nobody.</p>
          <Listing label="Credentials that are kept">
            {credentials.map(({ field, set_at: at, set_by: by }) => (
              <Listed
                key={field}
                name={labelOf(field)}
                facts={[
                  {
                    key: 'at',
                    text: (
                      <time dateTime={at} title={moment(at, zone)}>
                        kept since {date(at, zone)}
                      </time>
                    ),
                  },
                  { key: 'by', text: by === null ? 'nobody noted who gave it' : `given by ${by}` },
                ]}
              />
            ))}
          </Listing>
        </>
      )}
      {mayChange && (
        <p>
          <Link href={settingsAddress(name)}>{credentials.length === 0 ? 'Give one in the settings' : 'Replace one in the settings'}</Link>
        </p>
      )}
    </section>
  )
}
