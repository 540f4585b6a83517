import { Command } from '../frame/copy-button.tsx'
import './sample-banner.css'

export function SampleBanner() {
  return (
    <aside className="sample-banner" aria-label="Sample data">
      <p>
        <strong>Sample data.</strong> These figures are invented, to look around with. Remove them when yours arrive:
      </p>
      <Command text="npx fairlead demo --remove" label="remove the sample data" />
    </aside>
  )
}
