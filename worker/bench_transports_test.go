//go:build unix

package worker

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"initiator/internal/stream"
	"initiator/internal/webhook"
	"initiator/proactor/chirp"
	"initiator/worker/call"
)

// BenchmarkTransports measures one small task after another, and 64 at a time,
// over each transport of one worker, over loopback, with both ends in this
// process.
func BenchmarkTransports(b *testing.B) {
	bench := newTransportBench(b)
	doors := []struct {
		name string
		call func(context.Context) error
	}{
		{"two_requests", bench.twoRequests},
		{"inline", bench.inline},
		{"stream", bench.stream},
		{"direct", bench.direct},
		{"pool", bench.throughPool},
		{"chirp", bench.chirp},
	}
	for _, d := range doors {
		b.Run(d.name+"/1", func(b *testing.B) {
			before := cpu()
			for b.Loop() {
				if err := d.call(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64((cpu()-before).Microseconds())/float64(b.N), "cpu-µs")
		})
		b.Run(d.name+"/64", func(b *testing.B) {
			before := cpu()
			b.SetParallelism(max(64/runtime.GOMAXPROCS(0), 1))
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := d.call(b.Context()); err != nil {
						b.Error(err)
						return
					}
				}
			})
			b.ReportMetric(float64((cpu()-before).Microseconds())/float64(b.N), "cpu-µs")
		})
	}
}

// cpu returns the time that this process has used on all processors. It says
// more than the clock when other programs use the processors too.
func cpu() time.Duration {
	var u unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// transportBench is a worker with 64 slots, its master, and a client for each
// transport.
type transportBench struct {
	client  *webhook.Client
	http    *http.Client
	pool    *call.Pool
	seq     atomic.Uint64
	waiting sync.Map // task id → chan struct{}
	line    *chirp.Conn
	node    *chirp.Peer
	at      netip.AddrPort // the address of chirp_port
}

func newTransportBench(b *testing.B) *transportBench {
	bench := &transportBench{http: webhook.NewHTTPClient(64)}
	listening, chirping, ended := make(chan net.Addr, 1), make(chan netip.AddrPort, 1), make(chan error, 1)
	ctx, stop := context.WithCancel(context.Background())
	go func() {
		ended <- Run(ctx, Options{
			Handlers: testHandlers(), Slots: 64, Port: -1, Token: "own-token", Args: []string{},
			Getenv: func(string) string { return "" }, Listening: func(a net.Addr) { listening <- a },
			ChirpPort: -1, onChirpListening: func(a netip.AddrPort) { chirping <- a },
		})
	}()
	address := (<-listening).String()
	base := "http://" + address
	bench.at = <-chirping
	master := httptest.NewServer(bench)
	bench.client = &webhook.Client{Base: base, HTTP: bench.http}
	_, _, err := bench.client.Do(b.Context(), "POST", "/connect", "s", webhook.ConnectBody{Master: webhook.Master{Address: master.URL}})
	if err == nil {
		bench.pool, err = call.New(call.Options{Addresses: []string{base}, Defaults: []call.Option{call.WithBearer(func(string) string { return "own-token" })}})
	}
	if err == nil {
		bench.node, err = chirp.NewPeer(chirp.Config{Async: true})
	}
	if err == nil {
		err = bench.openLine(b.Context(), address)
	}
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		bench.line.Close()
		_ = bench.node.Shutdown(true)
		bench.pool.Close()
		stop()
		<-ended
		master.Close()
		bench.http.CloseIdleConnections()
	})
	return bench
}

// openLine opens the session's stream, which ends with the worker.
func (d *transportBench) openLine(ctx context.Context, address string) error {
	nc, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	if nc, err = stream.RequestUpgrade(ctx, nc, stream.UpgradeRequest{Path: "/stream", Host: address, Header: stream.SessionHeader(0, "s")}); err != nil {
		return err
	}
	d.line = chirp.NewConn(nc, chirp.ConnOptions{Handshake: chirp.Handshake{Node: chirp.TokenID("s")}})
	if _, err = d.line.ExchangeHandshakes(ctx); err != nil {
		return err
	}
	go func() {
		_ = d.line.Serve(func(m *chirp.Message) {
			if done, ok := d.waiting.LoadAndDelete(m.Identity); ok {
				close(done.(chan struct{}))
			}
		})
	}()
	return nil
}

func (d *transportBench) stream(context.Context) error {
	var id chirp.ID
	binary.BigEndian.PutUint64(id[:], d.seq.Add(1))
	h, done := stream.WorkerHeader{Method: "sum", Attempt: 1}, make(chan struct{})
	d.waiting.Store(id, done)
	if err := d.line.Send(chirp.Message{Identity: id, Header: h.Append(nil), Data: []byte(`{"A":2,"B":3}`)}); err != nil {
		return err
	}
	<-done
	return nil
}

func (d *transportBench) chirp(ctx context.Context) error {
	l, h := &chirp.PeerMessage{Address: d.at}, stream.WorkerHeader{Method: "sum"}
	l.Header, l.Data = h.Append(nil), []byte(`{"A":2,"B":3}`)
	answer, err := d.node.Request(l).Wait(ctx)
	if err != nil || string(answer.Data) != `{"sum":5}` {
		return fmt.Errorf("%+v %w", answer, err)
	}
	return nil
}

// ServeHTTP is the master's server.
func (d *transportBench) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	data, _ := webhook.ReadBody(w, r, 1<<20)
	var body webhook.ResultBody
	if err := json.Unmarshal(data, &body); err == nil {
		if done, ok := d.waiting.LoadAndDelete(body.Task.ID); ok {
			close(done.(chan struct{}))
		}
	}
	webhook.Success.WriteAnswer(w, "", nil)
}

func (d *transportBench) task() webhook.TaskBody {
	return taskBody(strconv.FormatUint(d.seq.Add(1), 10), "sum", `{"A":2,"B":3}`)
}

func (d *transportBench) twoRequests(ctx context.Context) error {
	body, done := d.task(), make(chan struct{})
	d.waiting.Store(body.Task.ID, done)
	e, _, err := d.client.Do(ctx, "POST", "/task/new", "s", body)
	if err != nil || !e.Success {
		return fmt.Errorf("%v %w", e, err)
	}
	<-done
	return nil
}

func (d *transportBench) inline(ctx context.Context) error {
	body := d.task()
	body.Task.InlineMS = 1000
	e, _, err := d.client.Do(ctx, "POST", "/task/new", "s", body)
	if err != nil || e.Data == nil {
		return fmt.Errorf("%v %w", e, err)
	}
	return nil
}

func (d *transportBench) direct(ctx context.Context) error {
	req, err := http.NewRequestWithContext(ctx, "POST", d.client.Base+"/", strings.NewReader(`{"method":"sum","parameters":{"A":2,"B":3}}`))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer own-token")
	res, err := d.http.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil || string(answer) != `{"sum":5}` {
		return fmt.Errorf("%s %w", answer, err)
	}
	return nil
}

func (d *transportBench) throughPool(ctx context.Context) error {
	_, err := d.pool.Invoke(ctx, "sum", addition{2, 3})
	return err
}
