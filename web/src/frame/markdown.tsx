import { Fragment, type ReactNode } from 'react'
import './markdown.css'

/** The little Markdown in which connectors describe themselves: paragraphs, lists, bold, emphasis, code and links. */
export function Markdown({ text }: { text: string }) {
  return (
    <div className="markdown">
      {text
        .trim()
        .split(/\n{2,}/)
        .map((block) => (
          <Block key={block} text={block} />
        ))}
    </div>
  )
}

function Block({ text }: { text: string }) {
  const lines = text.split('\n')
  const first = lines.findIndex((line) => /^\s*[-*] /.test(line))
  if (first === -1) return <p>{inline(lines.join(' '))}</p>
  return (
    <>
      {first > 0 && <p>{inline(lines.slice(0, first).join(' '))}</p>}
      <ul>
        {lines
          .slice(first)
          .join('\n')
          .split(/^\s*[-*] /m)
          .filter((item) => item.trim() !== '')
          .map((item) => (
            <li key={item}>{inline(item.replaceAll('\n', ' ').trim())}</li>
          ))}
      </ul>
    </>
  )
}

const MARK = /`([^`]+)`|\*\*([^*]+)\*\*|\*([^*\s][^*]*)\*|\[([^\]]+)\]\((https?:\/\/[^\s)]+)\)/g

function inline(text: string): ReactNode {
  const parts: ReactNode[] = []
  let end = 0
  for (const match of text.matchAll(MARK)) {
    parts.push(text.slice(end, match.index))
    const [whole, code, strong, emphasis, label, address] = match
    const content =
      code !== undefined ? (
        <code>{code}</code>
      ) : strong !== undefined ? (
        <strong>{strong}</strong>
      ) : emphasis !== undefined ? (
        <em>{emphasis}</em>
      ) : (
        <a href={address} target="_blank" rel="noreferrer">
          {label}
        </a>
      )
    parts.push(<Fragment key={match.index}>{content}</Fragment>)
    end = match.index + whole.length
  }
  parts.push(text.slice(end))
  return parts
}
