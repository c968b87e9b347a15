import { changeMode, troubleOf } from './endpoints.js';
import { byId, element, keyed, proofText, say, span } from './elements.js';
import { draw } from './redraw.js';

const MODES = ['heal', 'observe', 'off'];

export function drawSources(dataSources, modeIsOpen, again) {
  draw(byId('sources'), Object.entries(dataSources)
    .map(([name, source]) => keyed(name, card(name, source, modeIsOpen, again))));
}

function card(name, source, modeIsOpen, again) {
  const { healer } = source;
  const facts = element('dl', '');
  const fact = (key, value) => facts.append(element('dt', '', key), element('dd', '', value));
  fact('Server', healer.connected ? 'connected' : healer.trouble ?? 'connecting');
  fact('Lent', `${healer.leases}, ${healer.openTransactions} with an open transaction`);
  fact('Longest silence', healer.openTransactions ? span(healer.quietestMillis) : '–');
  fact('Quarantined', String(healer.quarantined));
  fact('Collector', `${proofText(healer.proof)}${healer.proof.underWay ? '; being asked just now' : ''}`);
  fact('Retained', retainedText(healer.retained));
  return element('div', 'source',
    element('div', 'title-row', element('h3', '', name), element('span', `mode ${source.mode}`, source.mode)),
    facts,
    healer.breakerOpen ? element('p', 'shortcoming', 'The last heals did not help: nothing is healed for a minute.') : null,
    ...healer.shortcomings.map((each) => element('p', 'shortcoming', each)),
    modeIsOpen ? modes(name, source.mode, again) : null);
}

function retainedText(count) {
  if (count === 0) {
    return 'none';
  }
  return count === 1 ? '1: its owner looks gone, but something still refers to it'
    : `${count}: their owners look gone, but something still refers to them`;
}

function modes(name, present, again) {
  const buttons = MODES.map((mode) => {
    const button = element('button', '', mode);
    button.type = 'button';
    button.setAttribute('aria-pressed', String(mode === present));
    button.onclick = async () => {
      const answer = await changeMode(name, mode);
      if (answer.status !== 200) {
        byId('trouble').hidden = false;
        say(byId('trouble'), `The mode was not changed: ${troubleOf(answer)}`);
      }
      again();
    };
    return button;
  });
  const group = element('div', 'modes', ...buttons);
  group.setAttribute('role', 'group');
  group.setAttribute('aria-label', `mode of ${name}`);
  return group;
}
