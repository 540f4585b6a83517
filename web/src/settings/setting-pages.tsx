import { SubPages } from '../frame/sub-pages.tsx'

const PAGES = [
  { path: '/settings', text: 'Settings' },
  { path: '/settings/levels', text: 'Levels' },
  { path: '/settings/projects', text: 'Projects' },
]

export function SettingPages() {
  return <SubPages label="Settings of the organization" pages={PAGES} />
}
