import { ask, byId, clock, element } from './elements.js';

const KEPT = 8;
const EVERYBODY = ['alice', 'bob', 'carol'];
const underWay = new Set();

export function startLogin() {
  byId('login').addEventListener('submit', (event) => {
    event.preventDefault();
    const given = new FormData(event.target);
    logIn(String(given.get('username')), String(given.get('password')));
  });
  setInterval(() => {
    if (byId('everybody').checked) {
      EVERYBODY.filter((username) => !underWay.has(username)).forEach((username) => logIn(username, 'secret'));
    }
  }, 2000);
}

async function logIn(username, password) {
  const line = element('li', '',
    element('span', 'when', clock(Date.now())),
    element('span', 'username', username),
    element('span', 'verdict', 'waiting …'),
    element('span', 'millis', ''));
  byId('attempts').prepend(line);
  while (byId('attempts').children.length > KEPT) {
    byId('attempts').lastElementChild.remove();
  }
  underWay.add(username);
  const started = performance.now();
  const answer = await ask('/api/login', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ username, password }),
  });
  underWay.delete(username);
  line.className = toneOf(answer);
  line.querySelector('.verdict').textContent = verdict(answer);
  line.querySelector('.millis').textContent = `${Math.round(performance.now() - started)} ms`;
}

function toneOf(answer) {
  return answer?.status === 200 ? 'good' : answer?.status === 401 ? 'refused' : 'bad';
}

function verdict(answer) {
  if (answer === null) {
    return 'The application does not answer.';
  }
  return answer.status === 200 ? 'Logged in' : `${answer.status} · ${answer.body.message ?? 'failed'}`;
}
