import { ask, byId, clock, element, say } from './elements.js';

// What is off now stays off until somebody starts the application anew.
const PAUSE_WHEN_OFF = 5000;

const SHOWN = 8;

let drawn = new Map();

export async function showIncidents() {
  const answer = await ask('/actuator/pgheal');
  const guard = byId('guard');
  if (answer === null) {
    setGuard(guard, 'off', 'the application does not answer');
    return undefined;
  }
  if (answer.status !== 200) {
    setGuard(guard, 'off', 'pgheal is off');
    say(byId('incident-note'), 'pgheal is off: nobody looks after what is left behind.');
    say(byId('incident-count'), '');
    drawIncidents([]);
    return PAUSE_WHEN_OFF;
  }
  const mode = String(answer.body.mode ?? 'on').toLowerCase();
  setGuard(guard, mode, `pgheal: ${mode}`);
  const incidents = incidentsOf(answer.body);
  say(byId('incident-count'), incidents.length ? `(${incidents.length})` : '');
  say(byId('incident-note'), noteOn(incidents.length));
  drawIncidents(incidents);
  return undefined;
}

function noteOn(count) {
  if (count === 0) {
    return 'None yet. Break something.';
  }
  const which = count > SHOWN ? `The newest ${SHOWN} of ${count}.` : 'The newest first.';
  return `What was found, what was done, and how long it took. ${which}`;
}

function setGuard(guard, mode, text) {
  guard.className = `guard ${mode}`;
  say(guard, text);
}

function incidentsOf(body) {
  return Object.entries(body.dataSources ?? {})
    .flatMap(([name, source]) => (source?.incidents ?? []).map((incident) => ({ dataSource: name, ...incident })))
    .sort((a, b) => String(b.at ?? '').localeCompare(String(a.at ?? '')));
}

// An incident that did not change keeps its element: an opened detail stays open.
function drawIncidents(incidents) {
  const list = byId('incidents');
  const kept = new Map();
  const wanted = incidents.slice(0, SHOWN).map((incident) => {
    const key = String(incident.id ?? `${incident.dataSource}@${incident.at}`);
    const content = JSON.stringify(incident);
    const known = drawn.get(key);
    const item = known?.content === content ? known.item : incidentItem(incident);
    kept.set(key, { content, item });
    return item;
  });
  drawn = kept;
  if (wanted.length !== list.children.length || wanted.some((item, i) => list.children[i] !== item)) {
    list.replaceChildren(...wanted);
  }
}

// The only place that knows what an incident looks like. Every field may be missing.
function incidentItem(incident) {
  const outcome = String(incident.outcome ?? 'open');
  const tone = toneOf(outcome);
  const facts = element('dl', '');
  const fact = (name, value) => {
    if (value) {
      facts.append(element('dt', '', name), element('dd', '', value));
    }
  };
  fact('Evidence', texts(incident.evidence, (one) => joined(one.kind, one.strength)));
  fact('Tables', texts(incident.tables));
  fact('Session', incident.backend?.pid ? `pid ${incident.backend.pid}` : '');
  fact('Waiting', texts(incident.waiters, waiterText));
  fact('Decision', joined(incident.decision?.action, incident.decision?.reason));
  fact('Done', texts(incident.remedies, (one) =>
    `${one.rung ?? '?'} → ${one.outcome ?? '?'}${one.millis === undefined ? '' : ` in ${number(one.millis)} ms`}`));

  return element('li', tone,
    element('div', 'head',
      element('h3', '', String(incident.diagnosis ?? 'Incident')),
      element('span', `tag ${tone}`, outcome),
      incident.timeToHealMillis === undefined || incident.timeToHealMillis === null
        ? '' : element('strong', '', `${number(incident.timeToHealMillis)} ms`),
      element('span', 'age', clock(incident.at))),
    facts,
    unfolding('Where the connection was borrowed', incident.borrowStack),
    unfolding('Last statements of its transaction', incident.lastStatements));
}

function toneOf(outcome) {
  const word = outcome.toUpperCase();
  if (word.includes('UNRESOLVED') || word.includes('REFUTED') || word.includes('FAILED')) {
    return 'bad';
  }
  if (word.includes('HEALED') || word.includes('RELEASED')) {
    return word.includes('WOULD') ? 'warn' : 'good';
  }
  return 'warn';
}

function waiterText(waiter) {
  if (waiter === null || typeof waiter !== 'object') {
    return String(waiter);
  }
  const waited = waiter.waitedMillis ?? waiter.millis;
  return joined(waiter.pid ? `pid ${waiter.pid}` : waiter.kind, waited === undefined ? '' : `${number(waited)} ms`);
}

function texts(list, toText = String) {
  return Array.isArray(list) ? list.map((one) => toText(one ?? {})).filter(Boolean).join('; ') : '';
}

function joined(...parts) {
  return parts.filter((part) => part !== undefined && part !== null && part !== '').join(' · ');
}

function number(value) {
  return typeof value === 'number' ? String(Math.round(value * 10) / 10) : String(value);
}

function unfolding(title, lines) {
  return Array.isArray(lines) && lines.length
    ? element('details', '', element('summary', '', title), element('pre', 'mono', lines.map(String).join('\n')))
    : '';
}
