import { Link, useLocation } from 'wouter'
import './sub-pages.css'

/** The pages of one subject, side by side. */
export function SubPages({ label, pages }: { label: string; pages: readonly { path: string; text: string }[] }) {
  const [location] = useLocation()
  return (
    <nav className="sub-pages" aria-label={label}>
      <ul>
        {pages.map(({ path, text }) => (
          <li key={path}>
            <Link href={path} aria-current={location === path ? 'page' : undefined}>
              {text}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  )
}
