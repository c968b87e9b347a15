// The actuator's endpoints beside this page. Status 0: the application does not answer.

async function call(path, options = {}) {
  try {
    const response = await fetch(path, { credentials: 'same-origin', cache: 'no-store', ...options });
    const text = await response.text();
    // A page where JSON should be: whoever asks is not logged in any more, and was sent to the login.
    const strange = response.ok && text !== '' && !(response.headers.get('Content-Type') ?? '').includes('json');
    return { status: strange ? 401 : response.status, headers: response.headers, body: parsed(text) };
  } catch {
    return { status: 0, headers: new Headers(), body: {} };
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

export const everything = () => call('pgheal');
export const trees = () => call('pghealtree');
export const locksOn = (table) => call(`pgheallocks/${encodeURIComponent(table)}`);

// Spring Security keeps its token in this cookie where it is told to, and asks for it in this header.
function csrf() {
  const cookie = document.cookie.split('; ').find((each) => each.startsWith('XSRF-TOKEN='));
  return cookie ? { 'X-XSRF-TOKEN': decodeURIComponent(cookie.substring('XSRF-TOKEN='.length)) } : {};
}

const post = (path, body) => call(path, {
  method: 'POST',
  headers: { 'Content-Type': 'application/json', ...csrf() },
  body: JSON.stringify(body),
});

export const changeMode = (dataSource, mode) => post('pgheal', { dataSource, mode });
export const release = (body) => post('pghealrelease', body);

// Whether the application opened what writes. Asked once.
export async function opened(path) {
  const answer = await call(path, { method: 'OPTIONS' });
  return answer.status !== 0 && answer.status < 400 && (answer.headers.get('Allow') ?? '').includes('POST');
}

export function troubleOf(answer) {
  if (answer.body.message) {
    return answer.body.message;
  }
  if (answer.status === 401 || answer.status === 403) {
    return 'The application does not let you.';
  }
  if (answer.status === 404) {
    return 'That endpoint is closed, or not exposed.';
  }
  return answer.body.detail || (answer.status === 0 ? 'The application does not answer.' : `HTTP ${answer.status}`);
}
