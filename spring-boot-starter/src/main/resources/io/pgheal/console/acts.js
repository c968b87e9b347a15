import { release, troubleOf } from './endpoints.js';
import { byId, element, say, span, words } from './elements.js';

// An act is always shown first, and done only when somebody says so who saw whom it would hit. That of a table hits its root
// blockers of that moment.

let target = null;
let done = () => {};

export function prepareActs(afterwards) {
  done = afterwards;
  byId('operator').value = sessionStorage.getItem('pgheal.operator') ?? '';
  byId('act-close').addEventListener('click', () => byId('act').close());
  byId('act-cancel').addEventListener('click', () => act('cancel'));
  byId('act-terminate').addEventListener('click', () => act('terminate'));
}

export function tryOutSession(session) {
  const { pid, backendStart, xactStart, stateChange, state, dataSource } = session;
  tryOut(`End the session with pid ${pid}${of(dataSource)}?`, { pid, backendStart, xactStart, stateChange, state, dataSource });
}

export function tryOutTable(table, dataSource) {
  tryOut(`Who stands in the way of ${table}${of(dataSource)}?`, { table, dataSource });
}

const of = (dataSource) => (dataSource ? ` in ${dataSource}` : '');

async function tryOut(title, body) {
  const asked = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null && value !== undefined));
  target = asked;
  say(byId('act-title'), title);
  byId('act-hits').replaceChildren(element('p', 'hint', 'asking the server …'));
  answered('', '');
  offer(false, false);
  byId('act').showModal();
  const [terminate, cancel] = await Promise.all(['terminate', 'cancel'].map((how) => release({ ...asked, how, dryRun: true })));
  if (target !== asked) {
    return; // somebody has asked for another one meanwhile
  }
  if (terminate.status !== 200) {
    byId('act-hits').replaceChildren();
    answered(troubleOf(terminate), 'bad');
    return;
  }
  const hits = terminate.body.wouldHit;
  byId('act-hits').replaceChildren(...(hits.length ? hits.map(hit) : [element('p', 'hint', 'Nobody: nobody waits for it.')]));
  const allowed = (answer) => answer.status === 200 && answer.body.wouldHit.some((one) => one.refused === null);
  offer(allowed(terminate), allowed(cancel));
}

function hit(one) {
  return element('div', 'node root',
    element('div', 'head',
      element('span', 'pid', `pid ${one.pid}`),
      element('span', '', one.state ?? 'hidden'),
      element('span', one.ours ? 'tag good' : 'tag', one.ours ? 'ours' : one.applicationName || 'not ours'),
      element('span', '', one.user),
      element('span', 'age', span(one.stateAgeMillis))),
    one.lastStatement ? element('code', '', one.lastStatement) : null,
    element('p', 'reason', `${one.waiters.length} ${one.waiters.length === 1 ? 'waits' : 'wait'} behind it`),
    one.refused ? element('p', 'reason', one.refused) : null);
}

function offer(terminate, cancel) {
  byId('act-terminate').hidden = !terminate;
  byId('act-cancel').hidden = !cancel;
  byId('act-terminate').disabled = false;
  byId('act-cancel').disabled = false;
}

async function act(how) {
  byId('act-terminate').disabled = true;
  byId('act-cancel').disabled = true;
  const meant = target;
  const operator = byId('operator').value.trim();
  sessionStorage.setItem('pgheal.operator', operator);
  answered('at it …', '');
  const answer = await release({ ...meant, how, dryRun: false, ...(operator ? { operator } : {}) });
  if (target !== meant) {
    done();
    return; // what became of it is told among the incidents
  }
  if (answer.status !== 200) {
    answered(troubleOf(answer), 'bad');
    byId('act-terminate').disabled = false;
    byId('act-cancel').disabled = false;
    goOnAt(byId(`act-${how}`));
  } else {
    const told = answer.body.incidents.map((incident) => `pid ${incident.backend?.pid}: ${words(incident.outcome)}`
      + (incident.outcome === 'REPORTED' ? ` (${incident.decision.reason})` : '')).join('; ') || 'nobody was hit';
    answered(told, answer.body.incidents.every((incident) => incident.outcome === 'HEALED') ? 'good' : 'bad');
    offer(false, false);
    goOnAt(byId('act-close'));
  }
  done();
}

// What was pressed is disabled or hidden meanwhile, and has lost the keyboard's focus; who types a name keeps it.
function goOnAt(button) {
  if (document.activeElement !== byId('operator')) {
    button.focus();
  }
}

function answered(text, tone) {
  byId('act-answer').className = `answer ${tone}`;
  say(byId('act-answer'), text);
}
