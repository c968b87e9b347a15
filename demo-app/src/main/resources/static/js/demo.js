import { showFaults } from './faults.js';
import { showIncidents } from './incidents.js';
import { startLogin } from './login.js';
import { showStatus } from './status.js';

// The next question is asked when the last one was answered: a slow server is not asked twice.
async function everySecond(task) {
  for (;;) {
    if (!document.hidden) {
      await task();
    }
    await new Promise((resume) => setTimeout(resume, 1000));
  }
}

startLogin();
showFaults();
everySecond(showStatus);
everySecond(showIncidents);
