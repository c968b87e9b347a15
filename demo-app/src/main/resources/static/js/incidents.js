import { ask, byId, clock, element, keyed, say } from './elements.js';
import { draw } from './redraw.js';
import { duration, showWitness, times } from './witness.js';

// What is off now stays off until somebody starts the application anew.
const PAUSE_WHEN_OFF = 5000;

const SHOWN = 8;

const GUARD = {
  heal: 'pgheal heals',
  observe: 'pgheal only observes',
  off: 'pgheal is set to off',
  mixed: 'pgheal: several modes',
};

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
    showWitness(null);
    return PAUSE_WHEN_OFF;
  }
  const mode = answer.body.mode ?? 'mixed';
  setGuard(guard, mode, GUARD[mode]);
  const incidents = incidentsOf(answer.body);
  say(byId('incident-count'), incidents.length ? `(${incidents.length})` : '');
  say(byId('incident-note'), troubleOf(answer.body) || noteOn(incidents.length));
  drawIncidents(incidents);
  showWitness(answer.body);
  return undefined;
}

// What keeps it from healing as it should is more important than what it has done.
function troubleOf(body) {
  return Object.values(body.dataSources)
    .map(({ healer }) => healer.breakerOpen ? 'The last heals did not help: nothing is healed for a minute.'
      : healer.connected ? '' : `pgheal cannot ask the server: ${healer.trouble ?? 'it is connecting'}.`)
    .find(Boolean);
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
  return Object.values(body.dataSources)
    .flatMap((source) => source.incidents)
    .sort((a, b) => b.at.localeCompare(a.at));
}

function drawIncidents(incidents) {
  draw(byId('incidents'), incidents.slice(0, SHOWN).map((incident) => keyed(incident.id, incidentItem(incident))));
}

// The only place that knows what an incident looks like.
function incidentItem(incident) {
  const tone = toneOf(incident.outcome);
  const facts = element('dl', '');
  const fact = (name, value) => {
    if (value) {
      facts.append(element('dt', '', name), element('dd', '', value));
    }
  };
  fact('Evidence', lines(incident.evidence, evidenceText));
  fact('Tables', (incident.tables ?? []).join(', '));
  fact('Session', backendText(incident.backend));
  fact('Waiting', lines(incident.waiters, waiterText));
  fact('Decision', `${words(incident.decision.action)}: ${incident.decision.reason}`);
  fact('Collector', proofText(incident.proof));
  fact('Done', lines(incident.remedies, (one) => `${one.rung}: ${one.outcome} (${duration(one.millis)})`));

  return element('li', tone,
    element('div', 'head',
      element('h3', '', capital(words(incident.diagnosis))),
      element('span', `tag ${tone}`, words(incident.outcome)),
      incident.timeToHealMillis === null ? '' : element('strong', '', `within ${duration(incident.timeToHealMillis)}`),
      element('span', 'age', clock(incident.at))),
    facts,
    unfolding(incident.borrowStackLikely ? 'Where the connection was probably borrowed' : 'Where the connection was borrowed', incident.borrowStack),
    unfolding('Last statements of its transaction', incident.lastStatements));
}

// Only what was seen to be gone is good.
function toneOf(outcome) {
  if (outcome === 'HEALED') {
    return 'good';
  }
  return outcome === 'UNRESOLVED' || outcome === 'REFUTED' ? 'bad' : 'warn';
}

function evidenceText(evidence) {
  const detail = evidence.detail ? `: ${evidence.detail}` : '';
  return evidence.strength === 'NONE' ? `${evidence.kind}${detail}` : `${evidence.kind}, ${words(evidence.strength)}${detail}`;
}

// The garbage collector as witness: asked what nothing refers to any more.
function proofText(proof) {
  if (!proof || !proof.asked) {
    return proof?.silent ? `not asked: ${proof.silent}` : '';
  }
  return joined(`asked ${times(proof.asked)}`,
    proof.answered ? `answered ${times(proof.answered)}, the last time within ${duration(proof.tookMillis)}` : 'no answer yet',
    `longest stop ${duration(proof.longestStopMillis)}`,
    proof.silent ? `not now: ${proof.silent}` : '');
}

function backendText(backend) {
  return backend ? joined(`pid ${backend.pid}`, backend.applicationName, backend.state) : '';
}

function waiterText(waiter) {
  return joined(`pid ${waiter.pid}`,
    waiter.table ? `for ${waiter.table}` : '', `waited ${duration(waiter.waitedMillis)}`);
}

// Each on a line of its own.
function lines(list, toText) {
  return list?.length ? element('ul', '', ...list.map((one) => element('li', '', toText(one)))) : '';
}

const words = (constant) => String(constant).toLowerCase().replaceAll('_', ' ');

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

const joined = (...parts) => parts.filter(Boolean).join(' · ');

function unfolding(title, text) {
  return text?.length
    ? element('details', '', element('summary', '', title), element('pre', 'mono', ...text.flatMap(breakable)))
    : '';
}

// Long names break where they have a dot, and are still copied as they are.
function breakable(line) {
  return [...line.split(/(?<=[.(])/).flatMap((part) => [element('wbr'), part]), '\n'];
}
