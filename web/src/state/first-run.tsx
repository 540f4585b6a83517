import { useState } from 'react'
import { Link } from 'wouter'
import type { Status } from '../api/contract.ts'
import { exampleEvent } from '../format/example-event.ts'
import { Command } from '../frame/copy-button.tsx'
import { PlainPage } from '../frame/plain-page.tsx'
import { organizationName } from '../review/organization-name.ts'
import './first-run.css'

const HOUR_MS = 3_600_000

/** The first minutes with Fairlead: four ways to a number, the quickest first. The page notices by itself when data has come. */
export function FirstRun({ status }: { status: Status }) {
  const [event] = useState(() => exampleEvent('$(cat .fairlead/ingest.token)', new Date(Date.now() - HOUR_MS)))
  return (
    <PlainPage title="Let us see the first delivery" organization={organizationName(status)} signedIn>
      <p className="lead">
        Nothing has arrived yet. Choose a way to begin; this page fills by itself as soon as there is something to show.
      </p>
      <ol className="beginnings">
        <li>
          <h2>Look around with sample data</h2>
          <p>The deployments and incidents of an invented organization. Clearly marked, and removable with one command.</p>
          <Command text="npx fairlead demo" label="load the sample data" />
        </li>
        <li>
          <h2>Read a repository you have</h2>
          <p>From a local git history to a delivery report in the terminal, in seconds. Nothing to set up, nothing leaves the machine.</p>
          <Command text="npx fairlead scan PATH" label="scan a repository" />
        </li>
        <li>
          <h2>Send a deployment from your pipeline</h2>
          <p>
            One request per deployment is enough to begin. The line works as it is in the folder in which the server was started; elsewhere,
            put in the ingest token that <code>fairlead up</code> printed.
          </p>
          <Command text={event} label="send a deployment with curl" />
        </li>
        <li>
          <h2>Connect a tool</h2>
          <p>Fairlead reads what the tool knows already, its history included, and then whatever is new.</p>
          <p>
            <Link href="/sources/connect" className="button">
              Choose a tool
            </Link>
          </p>
        </li>
      </ol>
      <p className="waiting" role="status">
        <span className="pulse" aria-hidden="true" /> Waiting for the first event
      </p>
    </PlainPage>
  )
}
