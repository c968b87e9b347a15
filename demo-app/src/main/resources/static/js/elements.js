// Everything on the page is built here, from text: nothing that a server says is ever read as markup.

export function element(tag, className, ...children) {
  const created = document.createElement(tag);
  if (className) {
    created.className = className;
  }
  created.append(...children.filter((child) => child !== null && child !== undefined && child !== ''));
  return created;
}

export const byId = (id) => document.getElementById(id);

// Leaves an unchanged text alone, so that a screen reader does not read it out every second.
export function say(node, text) {
  if (node.textContent !== text) {
    node.textContent = text;
  }
}

// What a row is of: as long as that is the same, its element is, too.
export function keyed(key, created) {
  created.dataset.key = key;
  return created;
}

export function seconds(value) {
  return value < 10 ? `${value.toFixed(1)} s` : `${Math.round(value)} s`;
}

export function clock(instant) {
  const date = new Date(instant);
  return Number.isNaN(date.getTime()) ? '' : date.toLocaleTimeString([], { hour12: false });
}

// Null when the server cannot be reached at all.
export async function ask(path, options) {
  try {
    const response = await fetch(path, options);
    const text = await response.text();
    return { status: response.status, body: parsed(text) };
  } catch {
    return null;
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
