package realdaemons

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"syscall"
	"testing"
	"time"
)

// errRefused is a request that no daemon has accepted: nothing of it was lost.
var errRefused = errors.New("refused")

// request sends one request to a daemon and awaits its answer.
type request func(ctx context.Context) error

// counts is what became of requests.
type counts struct {
	Answered, Refused, Lost int
	FirstLoss               error
}

// load sends requests one after another in each of its clients.
type load struct {
	stop  context.CancelFunc
	done  sync.WaitGroup
	mutex sync.Mutex
	total counts
	more  *sync.Cond // total changed
}

// startLoad starts clients, which send requests until the test takes them back.
func startLoad(t *testing.T, clients int, send request) *load {
	ctx, stop := context.WithCancel(t.Context())
	l := &load{stop: stop}
	l.more = sync.NewCond(&l.mutex)
	for range clients {
		l.done.Go(func() {
			for ctx.Err() == nil {
				// A request that was begun is awaited although the load ends.
				limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
				l.count(send(limited))
				cancel()
			}
		})
	}
	t.Cleanup(l.end)
	return l
}

func (l *load) end() {
	l.stop()
	l.done.Wait()
}

func (l *load) count(err error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	switch {
	case err == nil:
		l.total.Answered++
	case errors.Is(err, errRefused), errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.ENOENT):
		l.total.Refused++
	default:
		l.total.Lost++
		if l.total.FirstLoss == nil {
			l.total.FirstLoss = err
		}
	}
	l.more.Broadcast()
}

// awaitAnswers waits until n more requests were answered.
func (l *load) awaitAnswers(t *testing.T, n int) {
	t.Helper()
	expired := false
	timer := time.AfterFunc(patience, func() {
		l.mutex.Lock()
		defer l.mutex.Unlock()
		expired = true
		l.more.Broadcast()
	})
	defer timer.Stop()
	l.mutex.Lock()
	defer l.mutex.Unlock()
	for target := l.total.Answered + n; l.total.Answered < target; l.more.Wait() {
		if expired {
			t.Fatalf("no answers any more: %+v", l.total)
		}
	}
}

// take returns what was counted since the last call.
func (l *load) take() counts {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	total := l.total
	l.total = counts{}
	return total
}

// getPage returns a request for a page over a connection of its own.
func getPage(url, want string) request {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	return func(ctx context.Context) error {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		answer, err := client.Do(r)
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		if err != nil {
			return err
		}
		if answer.StatusCode != http.StatusOK || string(text) != want {
			return fmt.Errorf("%s: %q", answer.Status, text)
		}
		return nil
	}
}
