// The handlers of the tests that give the same tasks to workers in Python
// and Node. They take the place of handlers in jobs/worker.mjs.

class Broken extends Error {
  get message() { throw new Error('a message that cannot be made'); }
}

function nested(depth) {
  let value = [];
  while (--depth > 0) value = [value];
  return value;
}

let snoozes = 2; // how often the task "snooze" is put off

// end ends in the way that the task names.
async function end({ how }, task) {
  switch (how) {
    case 'result': return { sum: 5 };
    case 'exception': throw new RangeError('boom');
    case 'cause': throw new Error('cannot load the order', { cause: new Error('database is down') });
    case 'no words': throw new Broken();
    case 'final': throw new TaskFail({ message: 'no such order', order: 7 });
    case 'text': throw new TaskFail('no such order');
    case 'retry': throw new TaskFail({ message: 'busy' }, { retry: true });
    case 'retry after': throw new TaskFail({ message: 'busy' }, { retry: true, retryAfter: 0.02 });
    case 'snooze':
      if (snoozes-- > 0) throw new TaskFail({ snooze: true }, { retry: true, retryAfter: 0.02 });
      return 'went on';
    case 'wrapped retry': throw new Error('database is down', { cause: new TaskFail({ order: 7 }, { retry: true }) });
    case 'wrapped final': throw new Error('database is down', { cause: new TaskFail({ order: 7 }) });
    case 'joined retry': throw new AggregateError([new Error('boom'), new TaskFail({ order: 7 }, { retry: true })], 'two reasons');
    case 'number': return { value: NaN };
    case 'set': return { value: new Set([1, 2]) };
    case 'bytes': return { value: Buffer.from([0]) };
    case 'circle': { const circle = []; circle.push(circle); return circle; }
    case 'large': return 'x'.repeat(3 << 20);
    case 'refused': return 'x'.repeat(3 << 19);
    case 'failure with a set': throw new TaskFail({ value: new Set([1, 2]) }, { retry: true });
    case 'large failure': throw new TaskFail('x'.repeat(3 << 20), { retry: true });
    case 'nested': return nested(2000);
    case 'nested failure': throw new TaskFail({ value: nested(2000) }, { retry: true });
    case 'nested progress': task.progress(nested(2000)); return 'went on';
    case 'bad progress':
      for (const f of [() => task.progress(NaN), () => task.progress({ a: new Set() }), () => task.progress('x'.repeat(2 << 20)), () => task.output(1)]) {
        let accepted = true;
        try { f(); } catch { accepted = false; }
        if (accepted) throw new TaskFail('the progress was accepted');
      }
      return 'went on';
  }
  throw new TaskFail(`unknown how ${how}`);
}

let arrived = 0, allArrived;
const meeting = new Promise((resolve) => { allArrived = resolve; });

// meet returns when four tasks run at the same time.
async function meet({ seconds }) {
  if (++arrived === 4) allArrived();
  await Promise.race([meeting, sleep(seconds * 1000).then(() => { throw new Error('the others did not come'); })]);
  return process.pid;
}

const held = [];

// hold holds some MiB more than before, and names its process.
async function hold({ mib }) {
  held.push(Buffer.alloc(mib << 20, 'x'));
  return process.pid;
}

// wait waits until it is told to stop or cancelled, and does as the task says.
async function wait({ how, progress = 1 }, task) {
  task.progress('x'.repeat(progress));
  while (how === 'ignore all' || !(task.stopping.aborted && how !== 'ignore the notice')) {
    await sleep(10, undefined, { signal: how === 'ignore all' ? undefined : task.signal });
  }
  if (how === 'finish') return 'saved';
  throw new WorkerStopping('saved');
}

const handlers = { end, meet, hold, wait };
