package realdaemons

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"

	"initiator/internal/loopback/loopbacktest"
)

// jobs are Celery's, and client.py runs one for each line of its input.
const (
	celeryJobs = `import os, time
from celery import Celery
url = "redis://127.0.0.1:%d/0"
app = Celery("tasks", broker=url, backend=url)
app.conf.broker_connection_retry_on_startup = True

@app.task
def work(n):
    time.sleep(0.3)
    return n
`
	celeryClient = `import json, sys
from tasks import work
for line in sys.stdin:
    n = int(line)
    try:
        answer = "" if work.delay(n).get(timeout=15) == n else "another result"
    except Exception as e:
        answer = repr(e)
    print(json.dumps(answer), flush=True)
`
)

// Celery finishes its running jobs when only its main process gets the signal.
var celery = daemon{
	worker:   "celery",
	programs: []string{"celery", "redis-server"},
	clients:  4,
	prepare: func(s *system) request {
		port := loopbacktest.FreePort(s.t)
		s.write("tasks.py", fmt.Sprintf(celeryJobs, port))
		s.write("client.py", celeryClient)
		s.write("initiator.ini", redisINI(s, port)+`
[worker:celery]
command = /usr/bin/python3 -m celery -A tasks worker --concurrency 4 --loglevel info
after = redis:ready
ready = line:celery@.* ready
start_timeout = 1min
`+keepINI)
		return (&jobClients{system: s}).run
	},
}

// jobClients are processes of client.py, one for each request under way.
type jobClients struct {
	*system
	mutex sync.Mutex
	idle  []*jobClient
}

type jobClient struct {
	in  io.WriteCloser
	out *json.Decoder
}

// run submits a job and awaits its result.
func (c *jobClients) run(context.Context) error {
	client, err := c.take()
	if err != nil {
		return err
	}
	if _, err := io.WriteString(client.in, "1\n"); err != nil {
		return err
	}
	var failure string
	if err := client.out.Decode(&failure); err != nil {
		return err
	}
	c.mutex.Lock()
	c.idle = append(c.idle, client)
	c.mutex.Unlock()
	if failure != "" {
		return errors.New(failure)
	}
	return nil
}

// take returns an idle client, or starts another.
func (c *jobClients) take() (*jobClient, error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if n := len(c.idle); n > 0 {
		client := c.idle[n-1]
		c.idle = c.idle[:n-1]
		return client, nil
	}
	cmd := exec.Command("/usr/bin/python3", "client.py") // Debian's modules are for Debian's Python
	cmd.Dir, cmd.Stderr = c.dir, os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	c.t.Cleanup(func() {
		_ = in.Close() // the client then ends
		_ = cmd.Wait() // its results were counted
	})
	return &jobClient{in, json.NewDecoder(bufio.NewReader(out))}, nil
}
