// The page /docs: Swagger UI with this gateway's document, and a form that signs in. Tokens are kept in memory alone.
const dark = matchMedia('(prefers-color-scheme: dark)')
const follow = () => document.documentElement.classList.toggle('dark-mode', dark.matches)
dark.addEventListener('change', follow)
follow()

const reference = window.SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#reference',
  deepLinking: true,
  validatorUrl: null, // it would be asked for elsewhere
  docExpansion: 'list',
  defaultModelsExpandDepth: 0,
  filter: true,
  tagsSorter: 'alpha',
  displayRequestDuration: true,
  tryItOutEnabled: false,
  syntaxHighlight: { theme: 'monokai' },
})

const byId = (id) => document.getElementById(id)
const forms = { in: byId('sign-in'), out: byId('sign-out') }

forms.in.addEventListener('submit', (event) => {
  event.preventDefault()
  void signIn()
})

async function signIn() {
  const { login, password } = Object.fromEntries(new FormData(forms.in))
  try {
    const { user, tokens } = await post('/v1/auth/login', { login, password })
    reference.preauthorizeApiKey('session', tokens.accessToken)
    forms.in.reset()
    const until = new Date(tokens.accessTokenExpiresAt).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })
    show({ who: `${user.username}, until ${until}` })
  } catch (error) {
    show({ problem: error.message })
  }
}

forms.out.addEventListener('submit', (event) => {
  event.preventDefault()
  reference.authActions.logout(['session'])
  show({})
})

/** Shows who is signed in, and what went wrong. */
function show({ who = '', problem = '' }) {
  forms.in.hidden = who !== ''
  forms.out.hidden = who === ''
  byId('who').textContent = who
  byId('problem').textContent = problem
  byId('problem').hidden = problem === ''
}

async function post(path, body) {
  const answer = await fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  const json = await answer.json()
  if (!answer.ok) throw new Error(json.message)
  return json
}
