import { byId, element, keyed, say } from './elements.js';
import { draw } from './redraw.js';

// Where the garbage collector stands as the witness of what nothing refers to any more. There is one for the whole application:
// every data source tells the same of it.
export function showWitness(body) {
  const healers = Object.values(body?.dataSources ?? {}).map(({ healer }) => healer);
  const proof = healers[0]?.proof;
  const retained = healers.reduce((sum, healer) => sum + healer.retained, 0);
  say(byId('collector-note'), noteOn(proof));
  draw(byId('collector'), proof?.asked || retained ? figures(proof, retained) : []);
}

function noteOn(proof) {
  if (!proof) {
    return 'pgheal is off: nobody asks it.';
  }
  if (proof.underWay) {
    return 'It is being asked what nothing refers to any more.';
  }
  if (proof.silent) {
    return `It is not asked: ${proof.silent}.`;
  }
  return proof.asked
    ? 'What nothing refers to any more is lost for certain. What something still refers to is retained, and left alone.'
    : 'Not asked yet: nobody looks gone, and nobody waits.';
}

function figures(proof, retained) {
  return [
    figure('asked', times(proof.asked)),
    figure('answered', times(proof.answered)),
    figure('last answer took', proof.answered ? duration(proof.tookMillis) : '–'),
    figure('longest stop', proof.asked ? duration(proof.longestStopMillis) : '–'),
    figure('retained now', String(retained)),
  ];
}

const figure = (name, value) => keyed(name, element('div', '', element('dt', '', name), element('dd', '', value)));

const NUMBERS = ['never', 'once', 'twice'];

export const times = (count) => NUMBERS[count] ?? `${count} times`;

// Many heals take a few milliseconds; of a long one nobody wants to know the tenths.
export const duration = (millis) => `${millis < 100 ? Math.round(millis * 10) / 10 : Math.round(millis)}\u00a0ms`;
