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

export const byId = (id) => document.getElementById(id);

// Leaves an unchanged text alone, so that a screen reader does not read it out every second.
export function say(node, text) {
  if (node.textContent !== text) {
    node.textContent = text;
  }
}

// Replaces what is shown only when it is another thing: open details and selections stay. The keyboard's focus stays on what
// does the same as before (data-does says what), if it is still there.
const shown = new WeakMap();
export function draw(container, content, build) {
  const key = JSON.stringify(content);
  if (shown.get(container) !== key) {
    shown.set(container, key);
    const does = container.contains(document.activeElement) ? document.activeElement.dataset.does : undefined;
    container.replaceChildren(...build());
    if (does) {
      [...container.querySelectorAll('[data-does]')].find((each) => each.dataset.does === does)?.focus();
    }
  }
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
