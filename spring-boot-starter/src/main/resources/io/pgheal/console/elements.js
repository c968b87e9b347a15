// Everything on the page is built here, from text: nothing that a server says is ever read as markup.

export function element(tag, className, ...children) {
  const created = document.createElement(tag);
  if (className) {
    created.className = className;
  }
  created.append(...children.filter((child) => child !== null && child !== undefined && child !== ''));
  return created;
}

const SVG = 'http://www.w3.org/2000/svg';

// Shares are of 100; drawn, not styled: the page allows no inline styles.
export function bar(heldShare, quietShare, label) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('class', 'bar');
  svg.setAttribute('viewBox', '0 0 100 6');
  svg.setAttribute('preserveAspectRatio', 'none');
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', label);
  const part = (className, x, width) => {
    const rect = document.createElementNS(SVG, 'rect');
    rect.setAttribute('class', className);
    rect.setAttribute('x', x);
    rect.setAttribute('width', width);
    rect.setAttribute('height', 6);
    svg.append(rect);
  };
  part('held', 0, heldShare);
  part('quiet', Math.max(0, heldShare - quietShare), Math.min(heldShare, quietShare));
  return svg;
}

// Where a lease or the lease of an incident was borrowed: not every lease has a stack of its own.
export const borrowedAt = (lease) => `${lease.borrowStackLikely ? '(probably) ' : ''}${lease.borrowStack[0]}`;

export const byId = (id) => document.getElementById(id);

// Leaves an unchanged text alone, so that a screen reader does not read it out every second.
export function say(node, text) {
  if (node.textContent !== text) {
    node.textContent = text;
  }
}

// What the row, or the button, is of: as long as that is the same, its element is, too.
export function keyed(key, created) {
  created.dataset.key = key;
  return created;
}

export function span(millis) {
  if (millis === null || millis === undefined) {
    return '';
  }
  if (millis < 1000) {
    return `${millis < 10 ? Number(millis.toFixed(1)) : Math.round(millis)} ms`;
  }
  const seconds = millis / 1000;
  if (seconds < 60) {
    return `${seconds.toFixed(1)} s`;
  }
  const minutes = Math.floor(seconds / 60);
  return minutes < 60 ? `${minutes} min ${Math.floor(seconds % 60)} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export function clock(instant) {
  const date = new Date(instant);
  return Number.isNaN(date.getTime()) ? '' : date.toLocaleTimeString([], { hour12: false });
}

export const words = (name) => String(name ?? '').toLowerCase().replaceAll('_', ' ');

const NUMBERS = ['never', 'once', 'twice'];
const times = (count) => NUMBERS[count] ?? `${count} times`;

// Where the garbage collector, as witness, stands or stood.
export function proofText(proof) {
  if (!proof) {
    return '';
  }
  const asked = proof.asked ? `asked ${times(proof.asked)}` : 'not asked yet';
  const answered = !proof.asked ? '' : proof.answered
    ? `, answered ${times(proof.answered)}, the last time within ${span(proof.tookMillis)}` : ', no answer yet';
  const stop = proof.asked ? `, longest stop ${span(proof.longestStopMillis)}` : '';
  return `${asked}${answered}${stop}${proof.silent ? `; not now: ${proof.silent}` : ''}`;
}

// Long names break where they have a dot, and are still copied as they are.
export function breakable(text) {
  return text.split(/(?<=[.(])/).filter(Boolean).flatMap((part) => [document.createElement('wbr'), part]);
}
