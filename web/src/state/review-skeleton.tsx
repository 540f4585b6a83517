import { Masthead } from '../frame/masthead.tsx'
import './skeleton.css'

const TILES = ['a', 'b', 'c', 'd', 'e', 'f']

/** The shape of the page before its first figures, so that nothing jumps when they come. */
export function ReviewSkeleton() {
  return (
    <>
      <Masthead organization={null} signedIn={null} />
      <main className="page" aria-busy="true">
        <h1 className="visually-hidden">Delivery review</h1>
        <p className="visually-hidden" role="status">
          Loading the review
        </p>
        <div className="bone bone-title" />
        <div className="bone bone-controls" />
        <div className="bone bone-summary" />
        <TileBones />
      </main>
    </>
  )
}

export function TileBones() {
  return (
    <div className="tiles" aria-hidden="true">
      {TILES.map((tile) => (
        <div className="tile tile-bones" key={tile}>
          <div className="bone bone-line" />
          <div className="bone bone-figure" />
          <div className="bone bone-line" />
          <div className="bone bone-chart" />
        </div>
      ))}
    </div>
  )
}
