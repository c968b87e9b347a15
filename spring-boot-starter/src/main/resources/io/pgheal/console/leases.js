import { bar, borrowedAt, breakable, byId, element, keyed, say, span } from './elements.js';
import { draw } from './redraw.js';

const SHOWN = 30;

// The longest lent first. The bars share one scale, so that the odd one out is seen at once.
export function drawLeases(dataSources) {
  const leases = Object.entries(dataSources)
    .flatMap(([dataSource, source]) => source.leases.map((lease) => ({ ...lease, dataSource })))
    .sort((a, b) => b.heldMillis - a.heldMillis);
  const open = leases.filter((lease) => lease.transactionOpen).length;
  say(byId('lease-count'), leases.length ? `(${leases.length}, ${open} with an open transaction)` : '(none)');
  const shown = leases.slice(0, SHOWN);
  const longest = Math.max(1000, ...shown.map((lease) => lease.heldMillis));
  draw(byId('leases'), shown.map((lease) => keyed(`${lease.dataSource} ${lease.id}`, item(lease, longest))));
  const moving = Object.values(dataSources).flatMap((source) => source.movingWork ?? []);
  say(byId('moving'), moving.length
    ? `Seen to hand their connections to other threads, so that their end by an error is no proof by itself: ${moving.join(', ')}` : '');
}

function item(lease, longest) {
  const share = (millis) => (100 * millis) / longest;
  const silent = lease.callInProgress ? 0 : lease.quietMillis;
  const label = `lent for ${span(lease.heldMillis)}, silent for ${span(silent)}`;
  return element('li', lease.transactionOpen ? 'open' : '',
    element('div', 'head',
      element('span', '', `lease ${lease.id}`),
      element('span', '', `pid ${lease.backendPid}`),
      lease.transactionOpen ? element('span', 'tag warn', 'transaction open') : null,
      lease.callInProgress ? element('span', 'tag', 'in a call') : null,
      lease.stillReferredTo ? element('span', 'tag', 'still referred to') : null,
      element('span', '', lease.thread ?? 'its thread is gone'),
      element('span', 'age', span(lease.heldMillis))),
    bar(share(lease.heldMillis), share(silent), label),
    lease.borrowStack.length ? element('div', 'place mono', ...breakable(borrowedAt(lease))) : null);
}
