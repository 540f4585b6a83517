import { SubPages } from '../frame/sub-pages.tsx'

const PAGES = [
  { path: '/teams', text: 'Teams' },
  { path: '/people', text: 'People' },
  { path: '/teams/drift', text: 'Drift' },
  { path: '/teams/import', text: 'Import' },
]

export function TeamPages() {
  return <SubPages label="Teams and people" pages={PAGES} />
}
