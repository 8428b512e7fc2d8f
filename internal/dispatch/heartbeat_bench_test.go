package dispatch

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"initiator/internal/stream"
	"initiator/internal/webhook"
	"initiator/proactor/chirp"
)

// BenchmarkHeartbeat measures one heartbeat and its answer, for workers that
// take turns: by stream and by webhook, beside the same bytes as bare frames
// and over bare HTTP. Compare results of one run only.
func BenchmarkHeartbeat(b *testing.B) {
	for _, c := range []struct {
		name string
		make func(b *testing.B, n int) []func() error
	}{{"limit-framed", startFramedHeartbeats}, {"stream", startStreamHeartbeats}, {"limit-http", startHTTPHeartbeats}, {"webhook", startWebhookHeartbeats}} {
		for _, n := range []int{1, 100} {
			b.Run(fmt.Sprintf("%s/%d", c.name, n), func(b *testing.B) {
				beats := c.make(b, n)
				b.ReportAllocs()
				before := cpuTime()
				b.ResetTimer()
				var all sync.WaitGroup
				for i, beat := range beats {
					all.Go(func() {
						for at := i; at < b.N; at += n {
							if err := beat(); err != nil {
								b.Error(err)
								return
							}
						}
					})
				}
				all.Wait()
				b.StopTimer()
				b.ReportMetric((cpuTime()-before).Seconds()*1e6/float64(b.N), "own-cpu-µs")
			})
		}
	}
}

var beatData, _ = json.Marshal(webhook.HeartbeatBody{Incarnation: 1, Running: []webhook.RunningTask{{ID: "0199", Attempt: 1, Seq: 7}}, RSS: 1 << 20})

// startStreamHeartbeats runs both ends in this process, so the result contains
// the cost of both.
func startStreamHeartbeats(b *testing.B, n int) (beats []func() error) {
	h := newTestDispatcher(b, newPool("p"))
	server := httptest.NewServer(connects)
	b.Cleanup(server.Close)
	for i := range n {
		obeyed := make(chan struct{}, 1)
		c := h.playWorkerAt(server.URL, fmt.Sprint("w", i), func(*chirp.Conn, *chirp.Message) { obeyed <- struct{}{} })
		header := (&stream.WorkerHeader{Kind: stream.KindHeartbeat}).Append(nil)
		beats = append(beats, func() error {
			err := c.Send(chirp.Message{Header: header, Data: beatData})
			if err == nil {
				<-obeyed
			}
			return err
		})
	}
	return beats
}

func startFramedHeartbeats(b *testing.B, n int) (beats []func() error) {
	for range n {
		near, far := newConnPair(b)
		go func() {
			defer far.Close()
			r := bufio.NewReaderSize(far, 4<<10)
			buf := make([]byte, len(beatData))
			for {
				if _, err := io.ReadFull(r, buf); err != nil {
					return
				}
				var body webhook.HeartbeatBody
				_ = json.Unmarshal(buf, &body)
				if _, err := far.Write(buf[:8]); err != nil {
					return
				}
			}
		}()
		b.Cleanup(func() { near.Close() })
		answer := make([]byte, 8)
		beats = append(beats, func() error {
			_, err := near.Write(beatData)
			if err == nil {
				_, err = io.ReadFull(near, answer)
			}
			return err
		})
	}
	return beats
}

func startWebhookHeartbeats(b *testing.B, n int) (beats []func() error) {
	h := newTestDispatcher(b, newPool("p"))
	for i := range n {
		p := &workerConn{workerID: workerID{fmt.Sprint("w", i), 1}}
		s := h.d.openWorkerSession(p)
		c := &webhook.Client{Base: h.url, HTTP: webhook.NewHTTPClient(1)}
		b.Cleanup(c.HTTP.CloseIdleConnections)
		beats = append(beats, func() error {
			e, _, err := c.Do(context.Background(), http.MethodGet, "/slave/heartbeat", s.token, json.RawMessage(beatData))
			if err == nil && !e.Success {
				err = fmt.Errorf("%d %s", e.Code, e.Message)
			}
			return err
		})
	}
	return beats
}

func startHTTPHeartbeats(b *testing.B, n int) (beats []func() error) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body webhook.HeartbeatBody
		_ = json.NewDecoder(r.Body).Decode(&body)
		_, _ = io.WriteString(w, `{"success":true,"code":0,"message":"Received!","data":null}`)
	}))
	b.Cleanup(server.Close)
	for range n {
		c := webhook.NewHTTPClient(1)
		b.Cleanup(c.CloseIdleConnections)
		beats = append(beats, func() error { return sendBare(c, http.MethodGet, server.URL, bareTask{Data: beatData}) })
	}
	return beats
}
