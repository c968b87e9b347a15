// Makes a container show what was built anew, in place: what is the same as before keeps its element, so that nothing vanishes
// under the finger, and the focus, a selection, what was opened and what was scrolled stay. The same is what has the same
// data-key, or the same place among its like. Returns the elements that are shown.
export function draw(container, built) {
  const before = new Map();
  for (const node of container.childNodes) {
    const key = keyOf(node);
    before.has(key) ? before.get(key).push(node) : before.set(key, [node]);
  }
  const shown = built.map((fresh) => {
    const same = before.get(keyOf(fresh))?.shift();
    return same ? renewed(same, fresh) : fresh;
  });
  [...before.values()].flat().forEach((gone) => gone.remove());
  // To be moved takes the focus away: what has it stays where it is, and the others go around it.
  const focused = shown.find((node) => node.contains(document.activeElement));
  let place = container.firstChild;
  for (const node of shown) {
    if (node === place || node === focused) {
      place = node.nextSibling;
    } else {
      container.insertBefore(node, place);
    }
  }
  return shown;
}

const keyOf = (node) => `${node.nodeName} ${node.dataset?.key ?? ''}`;

function renewed(old, fresh) {
  if (old === fresh) {
    return old;
  }
  if (fresh.nodeType === Node.TEXT_NODE) {
    if (old.data !== fresh.data) {
      old.data = fresh.data;
    }
    return old;
  }
  for (const { name } of [...old.attributes]) {
    // Whether details are open is for whoever reads to say.
    if (name !== 'open' && !fresh.hasAttribute(name)) {
      old.removeAttribute(name);
    }
  }
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value) {
      old.setAttribute(name, value);
    }
  }
  old.onclick = fresh.onclick; // what it does now is done with the values of now
  draw(old, [...fresh.childNodes]);
  return old;
}
