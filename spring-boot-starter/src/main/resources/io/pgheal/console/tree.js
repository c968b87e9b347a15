import { borrowedAt, byId, element, keyed, say, span } from './elements.js';
import { draw } from './redraw.js';

// Who waits for whom, as a tree: each root, and below it those who wait for it, directly or behind others.
export function drawTree(answer, acts) {
  const roots = [];
  const errors = [];
  let waiting = 0;
  let truncated = false;
  const seen = new Set();
  for (const [dataSource, tree] of Object.entries(answer.dataSources ?? {})) {
    if (tree.error) {
      errors.push(`${dataSource}: ${tree.error}`);
      continue;
    }
    truncated ||= tree.truncated;
    // Two data sources on one server see the same tree.
    const fresh = tree.roots.filter((root) => !seen.has(`${root.pid} ${root.backendStart}`));
    fresh.forEach((root) => seen.add(`${root.pid} ${root.backendStart}`));
    const below = childrenOf(tree.waiters);
    for (const root of fresh) {
      const drawn = new Set([root.pid]);
      roots.push({ ...root, dataSource, children: nest(root.pid, below, drawn) });
      waiting += drawn.size - 1;
    }
  }
  say(byId('tree-note'), note(roots.length, waiting, truncated, errors));
  draw(byId('tree'), roots.length ? [list('tree', roots.map((root) => item(root, true, acts)))] : []);
}

function note(roots, waiting, truncated, errors) {
  if (errors.length) {
    return errors.join('; ');
  }
  if (roots === 0) {
    return 'Nobody waits for anybody.';
  }
  const more = truncated ? ' There are more than are shown.' : '';
  return `${waiting} ${waiting === 1 ? 'session waits' : 'sessions wait'} behind ${roots} ${roots === 1 ? 'root' : 'roots'}.`
    + ` To end a root helps; to end one who waits does not.${more}`;
}

function childrenOf(waiters) {
  const below = new Map();
  for (const waiter of waiters) {
    // In a queue for one row everybody waits for all before him: the last of these is whom he stands behind.
    const behind = standsBehind(waiter, waiters);
    below.set(behind, [...(below.get(behind) ?? []), waiter]);
  }
  return below;
}

function standsBehind(waiter, waiters) {
  const waitingBlockers = waiters.filter((other) => waiter.blockedBy.includes(other.pid));
  if (waitingBlockers.length === 0) {
    return waiter.blockedBy[0];
  }
  return waitingBlockers.reduce((last, other) => (other.waitedMillis < last.waitedMillis ? other : last)).pid;
}

function nest(pid, below, drawn) {
  return (below.get(pid) ?? []).filter((child) => !drawn.has(child.pid)).map((child) => {
    drawn.add(child.pid);
    return { ...child, children: nest(child.pid, below, drawn) };
  });
}

const list = (className, items) => element('ul', className, ...items);

function item(session, isRoot, acts) {
  const children = session.children.length ? list('', session.children.map((child) => item(child, false, acts))) : null;
  return keyed(`${session.pid} ${session.backendStart}`, element('li', '', node(session, isRoot, acts), children));
}

function node(session, isRoot, acts) {
  const card = element('div', isRoot ? 'node root' : 'node',
    element('div', 'head',
      element('span', 'pid', session.pid === 0 ? 'prepared transaction' : `pid ${session.pid}`),
      element('span', '', session.state ?? session.backendType ?? 'hidden'),
      element('span', session.ours ? 'tag good' : 'tag', session.ours ? 'ours' : session.applicationName || 'not ours'),
      session.table ? element('span', '', `waits for ${session.table} (${session.mode})`)
        : session.lockType ? element('span', '', `waits for ${session.lockType === 'advisory' ? 'an advisory lock' : 'a table that is not known'}`) : null,
      element('span', 'age', isRoot ? span(session.stateAgeMillis) : span(session.waitedMillis))),
    session.lastStatement ? element('code', '', session.lastStatement) : null,
    isRoot && session.reason ? element('p', 'reason', session.reason) : null,
    session.lease?.borrowStack?.length ? element('p', 'reason', `borrowed at ${borrowedAt(session.lease)}`) : null);
  if (isRoot && acts.open && session.backendStart) {
    const button = element('button', 'danger', 'End it …');
    button.type = 'button';
    button.onclick = () => acts.onSession(session);
    card.append(element('div', 'buttons', button));
  }
  return card;
}
