package initiator_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"initiator/internal/webhook"
	"initiator/worker"
)

// chaosJob is the data of a task, and what it does.
type chaosJob struct {
	MS  int    `json:"ms"`  // how long it takes
	How string `json:"how"` // "", or how it goes wrong: fail, retry, exit, hang, unencodable
}

// chaosResult is the result of a task: which attempt of whom it is from.
type chaosResult struct {
	Worker      string `json:"worker"`
	Incarnation int    `json:"incarnation"`
	Try         int    `json:"try"`
	Message     string `json:"message,omitempty"` // of a failure; the history shows it
	Unencodable any    `json:"unencodable,omitempty"`
}

// words are the same text for the history.
func (d chaosResult) words() string {
	return fmt.Sprint("a try: ", d.Worker, " ", d.Incarnation, " ", d.Try)
}

func (d chaosResult) failure(retry bool) error {
	d.Message = d.words()
	return worker.TaskFail{Data: d, Retry: retry}
}

// misbehave is the worker of the chaos test. It writes each task that it begins to
// a journal of its own. Unless it is direct, it has a fault proxy before its port and
// before its master.
func misbehave(journals string, args []string) {
	flags := flag.NewFlagSet("misbehave", flag.ExitOnError)
	guid, port := flags.String("guid", "", ""), flags.Int("port", 0, "")
	direct := flags.Bool("direct", false, "no fault proxies; tasks come by stream")
	webhook := flags.Bool("webhook", false, "no fault proxies; tasks come by webhook")
	_ = flags.Parse(args) // exits
	journal, err := os.CreateTemp(journals, strconv.Itoa(os.Getpid())+"-")
	if err != nil {
		log.Fatal(err)
	}
	o := worker.Options{
		Args:      []string{"--guid", *guid, "--port", strconv.Itoa(*port)},
		Handlers:  []worker.Handler{worker.Handle("do", func(ctx context.Context, d chaosJob) (chaosResult, error) { return d.do(ctx, *guid, journal) })},
		Hooks:     worker.Hooks{BeforeTask: refuseSometimes},
		RetryWait: 50 * time.Millisecond,
	}
	switch {
	case *webhook:
		useWebhooks(&o)
	case !*direct:
		addFaultProxies(&o, *guid, *port)
	}
	o.Main()
}

// refuseSometimes refuses one task of eight.
func refuseSometimes(context.Context, worker.Task) error {
	if rand.IntN(8) == 0 {
		return worker.TaskRefuse{RetryAfter: time.Duration(1+rand.IntN(50)) * time.Millisecond}
	}
	return nil
}

func (d chaosJob) do(ctx context.Context, guid string, journal io.Writer) (chaosResult, error) {
	t, _ := worker.TaskFromContext(ctx)
	text, _ := worker.Setting(ctx, "incarnation")
	incarnation, err := strconv.Atoi(text)
	if err == nil {
		_, err = fmt.Fprintln(journal, t.ID, t.Attempt, guid, incarnation)
	}
	if err != nil {
		return chaosResult{}, err
	}
	fmt.Println("begins", t.ID, "attempt", t.Attempt, strings.Repeat("and on ", 20)) // a log grows
	result := chaosResult{Worker: guid, Incarnation: incarnation, Try: t.Attempt}
	if d.How == "hang" {
		<-context.WithoutCancel(ctx).Done() // never
	}
	select {
	case <-time.After(time.Duration(d.MS) * time.Millisecond):
	case <-ctx.Done():
		result.Message = result.words() + " was cut short"
		return chaosResult{}, worker.TaskFail{Data: result, Retry: true}
	}
	switch {
	case d.How == "fail":
		return chaosResult{}, result.failure(false)
	case d.How == "retry" && t.Attempt < 3:
		return chaosResult{}, result.failure(true)
	case d.How == "exit":
		os.Exit(3)
	case d.How == "unencodable":
		result.Unencodable = math.NaN()
	}
	return result, nil
}

// useWebhooks makes a worker that does not know of the stream.
func useWebhooks(o *worker.Options) {
	withoutStream(os.Getenv("INITIATOR_FDS"))
	o.Getenv = func(key string) string {
		if key == "INITIATOR_FDS" {
			return ""
		}
		return os.Getenv(key)
	}
}

// addFaultProxies puts a fault proxy on the worker's port, and the worker on another.
func addFaultProxies(o *worker.Options, guid string, port int) {
	useWebhooks(o)
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		log.Print(err)
		os.Exit(worker.ExitCode(err))
	}
	masterListener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	var master atomic.Value // its URL, as it last said
	out := &faultProxy{base: func() string { return master.Load().(string) }, http: &http.Client{Timeout: 20 * time.Second}}
	go func() { log.Fatal(http.Serve(masterListener, out)) }()
	o.Args = []string{"--guid", guid, "--port", "0"}
	o.Listening = func(inner net.Addr) {
		in := &faultProxy{base: func() string { return "http://" + inner.String() }, http: &http.Client{Timeout: 20 * time.Second}}
		in.rewrite = func(path string, body []byte) []byte {
			var c webhook.ConnectBody
			if path != "/connect" || json.Unmarshal(body, &c) != nil {
				return body
			}
			master.Store(c.Master.Address)
			c.Master.Address = "http://" + masterListener.Addr().String()
			changed, err := json.Marshal(c)
			if err != nil {
				log.Fatal(err)
			}
			return changed
		}
		go func() { log.Fatal(http.Serve(listener, in)) }()
	}
}

// withoutStream closes the descriptors that the worker was started with, so that
// the other end does not wait for it.
func withoutStream(announced string) {
	for item := range strings.SplitSeq(announced, ",") {
		if fd, err := strconv.Atoi(strings.SplitN(item, ":", 2)[0]); err == nil && (fd == 3 || fd == 4) {
			_ = os.NewFile(uintptr(fd), "inherited "+item).Close()
		}
	}
}
