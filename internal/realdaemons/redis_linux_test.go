package realdaemons

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync/atomic"

	"initiator/internal/loopback/loopbacktest"
)

// redisINI is the section of a redis that syncs each write before its answer.
func redisINI(s *system, port int) string {
	return fmt.Sprintf(`[worker:redis]
command = redis-server --port %[2]d --bind 127.0.0.1 --dir %[1]s --appendonly yes --appendfsync always
socket = bind
port = %[2]d
ready = tcp
user = redis
`, s.makeDirectory("data", "redis"), port) + keepINI
}

// A write that redis has acknowledged survives every order.
var redis = daemon{
	worker:   "redis",
	programs: []string{"redis-server"},
	clients:  4,
	prepare: func(s *system) request {
		port := loopbacktest.FreePort(s.t)
		s.write("initiator.ini", redisINI(s, port))
		var acknowledged atomic.Int64
		return func(ctx context.Context) error {
			before := acknowledged.Load()
			n, err := increment(ctx, port)
			switch {
			case err != nil:
				return err
			case n <= before:
				s.t.Errorf("redis counts %d after it acknowledged %d", n, before)
			}
			for old := acknowledged.Load(); old < n && !acknowledged.CompareAndSwap(old, n); old = acknowledged.Load() {
			}
			return nil
		}
	},
	restarted: costAll, // redis closes its connections at its end
}

// increment adds one to a number in redis and returns the sum.
func increment(ctx context.Context, port int) (int64, error) {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	deadline, _ := ctx.Deadline()
	conn.SetDeadline(deadline)
	if _, err := io.WriteString(conn, "INCR n\r\n"); err != nil {
		return 0, err
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	switch {
	case err != nil:
		return 0, err
	case strings.HasPrefix(line, "-LOADING"):
		return 0, errRefused
	case !strings.HasPrefix(line, ":"):
		return 0, errors.New(line)
	}
	return strconv.ParseInt(strings.TrimSpace(line[1:]), 10, 64)
}
