import { prepareActs, tryOutSession, tryOutTable } from './acts.js';
import { byId, clock, say } from './elements.js';
import { everything, opened, trees, troubleOf } from './endpoints.js';
import { drawIncidents } from './incidents.js';
import { drawLeases } from './leases.js';
import { ask, drawChoice, lookAgain, show } from './locks.js';
import { drawSources } from './sources.js';
import { drawTree } from './tree.js';

const PAUSE = 1000;
// Asks the database each time: less often while nobody looks at the page.
const PAUSE_UNSEEN = 15000;

const open = { mode: false, release: false };
let dataSources = {};
let paused = false;
let timer;

async function look() {
  clearTimeout(timer);
  const [state, tree] = await Promise.all([everything(), trees(), lookAgain()]);
  if (state.status === 200) {
    dataSources = state.body.dataSources;
    drawSources(dataSources, open.mode && state.body.changeable, look);
    drawChoice(Object.keys(dataSources));
    drawLeases(dataSources);
    drawIncidents(dataSources);
    say(byId('updated'), `as of ${clock(Date.now())}`);
  }
  if (tree.status === 200) {
    drawTree(tree.body, { open: open.release, onSession: tryOutSession });
  } else {
    say(byId('tree-note'), `The blocking tree is not to be had: ${troubleOf(tree)}`);
  }
  tellState(state, tree);
  if (!paused) {
    timer = setTimeout(look, document.hidden ? PAUSE_UNSEEN : PAUSE);
  }
}

function tellState(state, tree) {
  const trouble = byId('trouble');
  trouble.hidden = state.status === 200;
  if (state.status !== 200) {
    say(trouble, `pgheal is not to be reached: ${troubleOf(state)}`);
    setState('bad', 'out of reach');
    return;
  }
  const blind = Object.values(dataSources).some((source) => !source.healer.connected);
  const waiting = Object.values(tree.body.dataSources ?? {}).some((each) => each.roots?.length);
  if (waiting) {
    setState('bad', 'somebody is stuck');
  } else if (blind) {
    setState('warn', 'cannot ask the server');
  } else {
    setState('good', 'nobody is stuck');
  }
}

function setState(tone, text) {
  byId('state').className = `state ${tone}`;
  say(byId('state'), text);
}

byId('pause').addEventListener('click', () => {
  paused = !paused;
  byId('pause').setAttribute('aria-pressed', String(paused));
  say(byId('pause'), paused ? 'Go on' : 'Pause');
  look();
});
byId('filter').addEventListener('change', () => drawIncidents(dataSources));
byId('table-form').addEventListener('submit', (event) => {
  event.preventDefault();
  ask(byId('table').value.trim());
});
byId('free').addEventListener('click', () => {
  if (byId('table-form').reportValidity()) {
    const { table, dataSource } = show(byId('table').value.trim());
    tryOutTable(table, dataSource || undefined);
  }
});
document.addEventListener('visibilitychange', () => !document.hidden && !paused && look());

prepareActs(look);
[open.mode, open.release] = await Promise.all([opened('pgheal'), opened('pghealrelease')]);
byId('free').hidden = !open.release;
look();
