import { ask, byId, element, keyed, say, seconds } from './elements.js';
import { draw } from './redraw.js';

export async function showStatus() {
  const answer = await ask('/api/status');
  if (answer?.status !== 200) {
    say(byId('session-note'), 'The status cannot be read at the moment.');
    return;
  }
  showPool(answer.body.pool);
  showSessions(answer.body.sessions);
  showBackground(answer.body.background);
}

function showPool(pool) {
  const slots = Array.from({ length: pool.maximum }, (_, i) =>
    element('span', i < pool.active ? 'busy' : i < pool.total ? 'idle' : ''));
  draw(byId('pool-slots'), slots);
  const waiting = pool.waiting ? `, ${pool.waiting} waiting for one` : '';
  say(byId('pool-text'), `${pool.active} of ${pool.maximum} connections are borrowed, ${pool.idle} idle${waiting}.`);
}

function showSessions(sessions) {
  say(byId('session-count'), sessions.length ? `(${sessions.length})` : '');
  say(byId('session-note'), sessions.length
    ? 'Transactions that are open right now, the oldest first. Values in statements are left out.'
    : 'None: every transaction has ended.');
  draw(byId('sessions'), sessions.map((session) => keyed(session.pid, sessionItem(session))));
}

function sessionItem(session) {
  const waits = session.blockedBy.length > 0;
  return element('li', waits ? 'waiting' : '',
    element('div', 'head',
      element('strong', '', `pid ${session.pid}`),
      element('span', '', session.application),
      waits
        ? element('span', 'tag', `waits for pid ${session.blockedBy.join(', ')}`)
        : element('span', 'tag warn', session.state),
      element('span', 'age', seconds(session.transactionSeconds))),
    session.locks.length ? element('div', '', session.locks.join(', ')) : '',
    element('code', '', session.lastStatement));
}

function showBackground(runs) {
  byId('background-note').hidden = runs.length > 0;
  draw(byId('background'), runs.slice(0, 6).map((run) => keyed(run.id, element('li', '',
    element('strong', '', run.kind),
    element('span', '', run.username),
    element('span', `tag ${run.result === null ? '' : run.result.startsWith('ended') ? 'bad' : 'good'}`,
      run.result === null ? 'running' : 'ended'),
    run.result === null ? '' : element('span', '', run.result.replace(/^ended /, '')),
    run.millis === null ? '' : element('span', 'age', seconds(run.millis / 1000))))));
}
