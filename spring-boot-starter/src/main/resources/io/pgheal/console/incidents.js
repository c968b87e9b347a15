import { borrowedAt, breakable, byId, clock, element, keyed, proofText, say, span, words } from './elements.js';
import { draw } from './redraw.js';

const TONE = {
  HEALED: 'good', RELEASED_UNVERIFIED: 'warn', WITHDRAWN: '', UNRESOLVED: 'bad', WOULD_HEAL: 'warn', REPORTED: '', REFUTED: 'bad',
};

let drawn = new Map();

// A timeline, the newest first. Most of it never changes: only what did is built anew.
export function drawIncidents(dataSources) {
  const all = Object.values(dataSources).flatMap((source) => source.incidents)
    .sort((a, b) => b.at.localeCompare(a.at));
  const wanted = byId('filter').value;
  const incidents = all.filter((incident) => !wanted || incident.outcome === wanted);
  say(byId('incident-count'), all.length ? `(${all.length})` : '(none)');
  tellOfRefutations(all);
  const contents = incidents.map((incident) => JSON.stringify(incident));
  const shown = draw(byId('incidents'), incidents.map((incident, i) => drawn.get(contents[i])
    ?? keyed(`${incident.dataSource} ${incident.id}`, item(incident))));
  drawn = new Map(shown.map((one, i) => [contents[i], one]));
}

// What a week of observing is for: how many of the judgements were wrong.
function tellOfRefutations(all) {
  const judged = all.filter((incident) => ['HEALED', 'WOULD_HEAL', 'REFUTED', 'RELEASED_UNVERIFIED'].includes(incident.outcome));
  const wrong = all.filter((incident) => incident.outcome === 'REFUTED');
  const note = byId('refutations');
  note.hidden = wrong.length === 0;
  if (wrong.length) {
    say(note, `${wrong.length} of ${judged.length} judgements hit, or would have hit, live work. The newest: ${wrong[0].evidence
      .map((evidence) => words(evidence.kind)).join(', ')}${wrong[0].borrowStack.length ? `, borrowed at ${borrowedAt(wrong[0])}` : ''}.`);
  }
}

function item(incident) {
  const facts = element('dl', 'story');
  const fact = (name, ...values) => {
    if (values.some(Boolean)) {
      facts.append(element('dt', '', name), element('dd', '', ...values));
    }
  };
  fact('Evidence', lines(incident.evidence, (one) => `${words(one.kind)} (${words(one.strength)}, for ${span(one.ageMillis)}): ${one.detail}`));
  fact('Decision', `${words(incident.decision.action)}: ${incident.decision.reason}`);
  fact('Collector', proofText(incident.proof));
  fact('Asked for by', incident.operator);
  fact('Done', lines(incident.remedies, (one) => `${one.rung}: ${one.outcome} (${span(one.millis)})`));
  fact('Healed within', incident.timeToHealMillis === null ? '' : span(incident.timeToHealMillis));
  fact('Session', sessionText(incident.backend));
  fact('Holds', lines(incident.locks, (lock) => `${lock.mode} on ${lock.table ?? lock.type}`));
  fact('Waiting', lines(incident.waiters, (one) => `pid ${one.pid}${one.applicationName ? ` (${one.applicationName})` : ''}, ${span(one.waitedMillis)}`
    + `${one.table ? `, for ${one.table}` : ''}${one.statement ? `: ${one.statement}` : ''}`));
  fact('Waited in all', incident.blockedMillis ? span(incident.blockedMillis) : '');
  fact(incident.borrowStackLikely ? 'Probably borrowed at' : 'Borrowed at', ...breakable(incident.borrowStack.join('\n')));
  fact('By thread', incident.thread);
  fact('Statements', incident.lastStatements.join('\n'));
  fact('Incident', incident.id);
  const tables = incident.tables.join(', ') || (incident.tableUnknown ? 'table not known' : '');
  return element('li', TONE[incident.outcome] ?? '',
    element('details', '',
      element('summary', '',
        element('span', 'when', clock(incident.at)),
        element('span', `tag ${TONE[incident.outcome] ?? ''}`, words(incident.outcome)),
        element('span', 'what', words(incident.diagnosis)),
        element('span', '', tables),
        incident.backend ? element('span', 'when', `pid ${incident.backend.pid}`) : null,
        incident.timeToHealMillis === null ? null : element('span', 'when', `within ${span(incident.timeToHealMillis)}`),
        element('span', 'when', incident.dataSource)),
      facts));
}

const lines = (values, text) => (values ?? []).map(text).join('\n');

function sessionText(backend) {
  if (!backend) {
    return '';
  }
  return [`pid ${backend.pid}`, backend.state, backend.user, backend.applicationName, backend.clientAddress]
    .filter(Boolean).join(', ') + (backend.lastStatement ? `\n${backend.lastStatement}` : '');
}
