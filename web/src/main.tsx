import { QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { ProblemError } from './api/request.ts'
import { App } from './app.tsx'
import { Boundary } from './frame/boundary.tsx'
import { PlainPage } from './frame/plain-page.tsx'
import { followTheme } from './frame/theme.ts'
import { Outdated } from './state/outdated.tsx'
import './style/tokens.css'
import './style/base.css'
import './style/print.css'

followTheme()

const queries: QueryClient = new QueryClient({
  queryCache: new QueryCache({
    // Any call may be the one that finds the session gone; the queries of status and session decide which page is shown.
    onError: (error, query) => {
      const [kind] = query.queryKey
      if (!(error instanceof ProblemError) || !error.signedOut || kind === 'status') return
      void queries.invalidateQueries({ queryKey: ['status'] })
      if (kind !== 'session') void queries.invalidateQueries({ queryKey: ['session'] })
    },
  }),
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      // A problem document is an answer; only silence is worth asking again.
      retry: (failures, error) => error instanceof ProblemError && error.problem.code === 'server-unreachable' && failures < 1,
      retryDelay: 1_000,
      networkMode: 'always',
    },
  },
})

const root = document.querySelector('#app')
if (root === null) throw new Error('index.html has no element with the id "app".')
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <Boundary
        fallback={
          <PlainPage title="This page failed">
            <Outdated />
          </PlainPage>
        }
      >
        <App />
      </Boundary>
    </QueryClientProvider>
  </StrictMode>,
)
