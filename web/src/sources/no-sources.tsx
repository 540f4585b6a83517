import { Link } from 'wouter'
import { Command } from '../frame/copy-button.tsx'

/** How to begin. */
export function NoSources({ mayChange }: { mayChange: boolean }) {
  return (
    <section className="card no-sources" aria-labelledby="no-sources">
      <h2 id="no-sources">No tool is connected yet</h2>
      <p>
        A source is a tool that tells Fairlead of deliveries: where the code is, what builds and deploys it, where incidents and work are
        kept. The first pull reads its history, so that figures are there at once.
      </p>
      {mayChange && (
        <p>
          <Link href="/sources/connect" className="button button-main">
            Connect a tool
          </Link>
        </p>
      )}
      <p className="quiet">Or a repository on this machine, from the terminal:</p>
      <Command text="npx fairlead sync git --repo-path ." label="read a repository of this machine" />
    </section>
  )
}
