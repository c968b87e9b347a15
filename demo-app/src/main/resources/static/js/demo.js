import { showFaults } from './faults.js';
import { showIncidents } from './incidents.js';
import { startLogin } from './login.js';
import { showStatus } from './status.js';

const SECOND = 1000;

// The next question is asked when the last one was answered: a slow server is not asked twice. A task may ask for a
// longer pause.
async function everySecond(task) {
  for (;;) {
    const pause = document.hidden ? SECOND : await task() ?? SECOND;
    await new Promise((resume) => setTimeout(resume, pause));
  }
}

startLogin();
showFaults();
everySecond(showStatus);
everySecond(showIncidents);
