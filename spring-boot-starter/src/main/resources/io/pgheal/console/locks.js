import { locksOn, troubleOf } from './endpoints.js';
import { byId, element, keyed, say, span } from './elements.js';
import { draw } from './redraw.js';

// The hand-written query of the old days: who holds which locks on one table, and who waits for them.

let asked = null;

// Several data sources may be on one server, or on as many: one of them is asked.
export function drawChoice(names) {
  draw(byId('source'), names.map((name) => keyed(name, element('option', '', name))));
  byId('source-choice').hidden = names.length < 2;
}

const chosen = () => byId('source').value;

// Whoever is freed is one of those whose locks are shown.
export function show(table) {
  if (asked?.table !== table || asked.dataSource !== chosen()) {
    ask(table);
  }
  return asked;
}

export function ask(table) {
  asked = { table, dataSource: chosen() };
  draw(byId('locks'), []);
  say(byId('locks-note'), `asking who holds ${table} …`);
  return lookAgain();
}

// With each look at all the rest, for as long as a table is asked for.
export async function lookAgain() {
  if (asked === null) {
    return;
  }
  asked.dataSource ||= chosen(); // asked before it was known which there are
  const { table, dataSource } = asked;
  if (!dataSource) {
    return; // the next look knows them
  }
  const answer = await locksOn(table);
  if (asked.table !== table || asked.dataSource !== dataSource) {
    return; // somebody has asked for another one meanwhile
  }
  const told = answer.body.dataSources?.[dataSource];
  if (answer.status !== 200 || !told || told.error) {
    say(byId('locks-note'), told?.error ?? troubleOf(answer));
    draw(byId('locks'), []);
    return;
  }
  const held = told.locks.filter((lock) => lock.held);
  const awaited = told.locks.length - held.length;
  say(byId('locks-note'), told.locks.length
    ? `${table}: ${held.length} held, ${awaited} awaited.`
    : `${table}: nobody holds a lock on it, nobody waits for one. Is it the table's whole name?`);
  const locks = [...held, ...told.locks.filter((lock) => !lock.held)];
  draw(byId('locks'), locks.length ? [tableOf(locks)] : []);
}

function tableOf(locks) {
  const head = element('tr', '', ...['', 'Lock', 'Session', 'State', 'Last statement'].map((title) => {
    const cell = element('th', '', title);
    cell.scope = 'col';
    return cell;
  }));
  const table = element('table', 'locks', element('thead', '', head), element('tbody', '', ...locks.map(row)));
  const wide = element('div', 'wide', table);
  wide.tabIndex = 0; // scrolled by the keyboard, too
  wide.setAttribute('role', 'region');
  wide.setAttribute('aria-labelledby', 'locks-title');
  return wide;
}

function row(lock) {
  const session = lock.preparedTransaction
    ? `prepared transaction ${lock.preparedTransaction}`
    : `pid ${lock.pid}, ${lock.applicationName || lock.user || 'hidden'}`;
  return keyed(`${session} ${lock.backendStart} ${lock.mode} ${lock.lockType}`, element('tr', '',
    element('td', '', element('span', lock.held ? 'tag warn' : 'tag bad', lock.held ? 'holds' : 'waits')),
    element('td', '', `${lock.mode} (${lock.lockType})`),
    element('td', '', session),
    element('td', '', lock.held ? lock.state ?? '' : `waited for ${span(lock.waitedMillis)}`),
    element('td', '', lock.lastStatement ? element('code', '', lock.lastStatement) : null)));
}
