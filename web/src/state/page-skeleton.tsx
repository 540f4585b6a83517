import { Masthead } from '../frame/masthead.tsx'
import './skeleton.css'

const CARDS = ['a', 'b', 'c']

/** The shape of a page of cards before its first answer. */
export function PageSkeleton({ title }: { title: string }) {
  return (
    <>
      <Masthead organization={null} signedIn={null} />
      <main className="page" aria-busy="true">
        <h1 className="visually-hidden">{title}</h1>
        <div className="bone bone-title" />
        <CardBones what="the page" />
      </main>
    </>
  )
}

/** As many as the cards that will come, so that little moves when they do. */
export function CardBones({ what, cards = CARDS.length }: { what: string; cards?: number }) {
  return (
    <div aria-busy="true">
      <p className="visually-hidden" role="status">
        Loading {what}
      </p>
      {CARDS.slice(0, cards).map((card) => (
        <div className="bone bone-card" key={card} />
      ))}
    </div>
  )
}
