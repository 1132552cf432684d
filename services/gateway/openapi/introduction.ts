/** What the document says before its operations, in Markdown. */
export const INTRODUCTION = `
PromptForge keeps prompts and their versions, proves them by tests, and sells them under licences that unlock them.

**Sign in.** \`POST /v1/auth/register\` or \`POST /v1/auth/login\` answers with an access token for 15 minutes, which you send as
\`Authorization: Bearer …\`, and a refresh token for \`POST /v1/auth/refresh\`. An application exchanges an API key for an access token at
\`POST /v1/auth/token\`. A token that is sent is checked everywhere, and a bad one is refused even where none is needed.

**Requests.** Bodies are JSON objects in UTF-8. A field that the contract does not have is refused. Names may be spelt \`camelCase\`, as here, or
\`snake_case\`, as in the protos; integers of 64 bits may be numbers or texts. A list in a query is the same parameter several times.

**Answers.** Integers of 64 bits are texts, for JavaScript cannot hold them; times are RFC 3339 in UTC. A field that cannot be absent is always there. Ignore fields
that you do not know: new ones come without notice.

**Errors** have the shape of ErrorResponse. Programs go by \`reason\` of the ErrorInfo among the \`details\`; [every reason](/docs/errors) says when it
comes and what to do. Beside those that an operation lists, the server of HTTP refuses headers of more than 60 KiB with 431.

**Repeating.** Where an operation takes an \`Idempotency-Key\`, a repeated call with the same key and request answers as the first one did. Reads may be
repeated at any time. After 429 and 503 wait for the seconds of \`Retry-After\`.

**Pages.** A list answers with \`nextPageToken\`, which the next request sends as \`page_token\` with the other parameters unchanged; it is empty on the last page.

**Changes at the same time.** A change that sends the \`etag\` of what was read is refused with ETAG_STALE when something else changed it meanwhile.

**Versions.** [How the API changes](/docs/versioning), and how a part of it that will go is announced.
`
  .trim()
  .replaceAll(/([^\n])\n(?!\n)/g, '$1 ')
