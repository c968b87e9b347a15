import { ask, byId, element, say } from './elements.js';

export async function showFaults() {
  const answer = await ask('/api/faults');
  if (answer?.status === 200) {
    byId('fault-list').replaceChildren(...answer.body.map(faultItem));
  } else {
    say(byId('fault-answer'), 'The list of faults cannot be read. Reload the page when the application is up.');
  }
}

function faultItem(fault) {
  const button = element('button', '', fault.spared ? 'Start' : 'Break');
  button.type = 'button';
  button.setAttribute('aria-label', `${button.textContent}: ${fault.title}`);
  button.disabled = Boolean(fault.unavailable);
  button.addEventListener('click', () => strike(fault, button));
  return element('li', '',
    element('div', 'head',
      element('h3', '', fault.title,
        element('span', `tag ${fault.spared ? '' : 'bad'}`, fault.spared ? 'must be spared' : 'must be healed')),
      button),
    element('p', '', fault.story),
    element('details', '', element('summary', '', 'What leaks'), element('p', 'leaks', fault.leaks)),
    fault.unavailable ? element('p', 'leaks', fault.unavailable) : '');
}

async function strike(fault, button) {
  button.disabled = true;
  say(byId('fault-answer'), `${fault.title}: under way …`);
  byId('fault-details').replaceChildren();
  const answer = await ask(pathOf(fault), { method: 'POST' });
  button.disabled = false;
  if (document.activeElement === document.body) {
    button.focus(); // to be disabled took it away
  }
  say(byId('fault-answer'), answer === null
    ? `${fault.title}: the application does not answer.`
    : `${fault.title}: ${answer.status} · ${outcomeOf(answer.body)}`);
  if (answer?.body.nextBorrowers) {
    byId('fault-details').append(borrowersTable(answer.body.nextBorrowers));
  }
}

// An error page of the application names the exception; a StackOverflowError has no message of its own.
function outcomeOf(body) {
  return body.exception ?? body.message ?? body.error ?? 'done';
}

// The story's own fault is a page of the application, and is opened as a user opens it.
function pathOf(fault) {
  const username = encodeURIComponent(byId('victim').value);
  return fault.kind === 'org-chart'
    ? `/api/users/${username}/org-chart`
    : `/api/faults/${encodeURIComponent(fault.kind)}?username=${username}`;
}

function borrowersTable(borrowers) {
  const head = element('tr', '', ...['Next borrower asks', 'expects', 'gets'].map((text) => {
    const cell = element('th', '', text);
    cell.scope = 'col';
    return cell;
  }));
  const rows = borrowers.map((one) => element('tr', '',
    element('td', '', one.question),
    element('td', '', one.expected),
    element('td', one.got === one.expected ? 'good' : 'bad', one.got)));
  return element('table', '', element('thead', '', head), element('tbody', '', ...rows));
}
