//go:build unix

package worker

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"initiator/internal/webhook"

	"github.com/hashicorp/go-hclog"
)

// BenchmarkTaskInline measures one task over a connection on loopback,
// answered in the same request.
func BenchmarkTaskInline(b *testing.B) {
	for name, data := range map[string]string{"small": `{"a":1,"b":2}`, "1MB": `"` + strings.Repeat("x", 1<<20) + `"`} {
		b.Run(name, func(b *testing.B) {
			s := benchServer(b)
			web := httptest.NewServer(s)
			defer web.Close()
			c := &webhook.Client{Base: web.URL, HTTP: webhook.NewHTTPClient(1)}
			defer c.HTTP.CloseIdleConnections()
			body := taskBody("", "echo", data)
			body.Task.InlineMS = 1000
			b.SetBytes(int64(len(data)))
			i := 0
			for b.Loop() {
				i++
				body.Task.ID = strconv.Itoa(i)
				e, _, err := c.Do(b.Context(), http.MethodPost, "/task/new", "s", body)
				if err != nil || e.Data == nil {
					b.Fatal(e, err)
				}
			}
		})
	}
}

func benchServer(b *testing.B) *server {
	table, err := newMethodTable(testHandlers())
	if err != nil {
		b.Fatal(err)
	}
	o := Options{Logger: hclog.NewNullLogger()}.withDefaults()
	s, end := newServer(startConfig{slots: 8, guid: "a1b2"}, o, table)
	b.Cleanup(func() { end(errDrained) })
	ctx, stop := context.WithCancelCause(s.baseContext)
	s.current.Store(&session{token: "s", ctx: ctx, cancel: stop})
	return s
}
