package probe

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"initiator/internal/bounds"
	"initiator/internal/frozentime"
	"initiator/internal/webhook"
	"initiator/proactor"
)

// maxAnswer is more than any answer to /ping has, with its head.
const maxAnswer = bounds.ProbeAnswer

// CheckOnce sends one request of the target's kind and returns nil when the
// answer is good: for "webhook", when it proves that the worker knows its token.
// A request that failed while this process was stopped is repeated: the worker
// may have answered in time, or may have been stopped as well.
func CheckOnce(ctx context.Context, t Target) error {
	for {
		began := time.Now()
		err := t.sendRequest(ctx)
		if err == nil || ctx.Err() != nil || !frozentime.Overran(began, t.requestTimeout(), time.Now()) {
			return err
		}
	}
}

// sendRequest sends the request and checks the answer.
//
// The request carries no secret, follows no redirect and uses no proxy. The
// prober closes the connection, and closes it first: closed by the worker, it
// would linger on the worker's port, and a program that binds the port again
// without SO_REUSEADDR would fail.
func (t *Target) sendRequest(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, t.requestTimeout())
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", t.Addr)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	if t.Kind == "tcp" {
		return conn.Close()
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	path, nonce := t.Path, ""
	if t.Kind == "webhook" {
		path, nonce = "/ping", webhook.NewToken()
	}
	err = t.exchange(conn, path, nonce)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return fmt.Errorf("GET %s: no answer within %s", path, t.requestTimeout())
	}
	return err
}

// exchange sends a GET request and checks the answer. A nonce asks for a proof.
func (t *Target) exchange(conn net.Conn, path, nonce string) error {
	req, err := http.NewRequest(http.MethodGet, "http://"+t.Addr+"/"+strings.TrimPrefix(path, "/"), nil)
	if err != nil {
		return err
	}
	if nonce != "" {
		req.Header.Set(proactor.HeaderNonce, nonce)
		req.Header.Set(proactor.HeaderChannel, strconv.Itoa(t.Channel))
	}
	if err := req.Write(conn); err != nil {
		return fmt.Errorf("GET %s: %w", path, err)
	}
	resp, err := http.ReadResponse(bufio.NewReaderSize(io.LimitReader(conn, maxAnswer), 1<<10), req)
	if err != nil {
		return fmt.Errorf("GET %s: %w", path, err)
	}
	defer resp.Body.Close()
	if nonce == "" {
		return checkStatus(path, resp.StatusCode)
	}
	return t.checkProof(resp, nonce)
}

// checkStatus accepts 2xx and 3xx: a redirect, too, is the answer of a working
// server.
func checkStatus(path string, status int) error {
	if status >= 200 && status < 400 {
		return nil
	}
	return fmt.Errorf("GET %s answers %d", path, status)
}

// checkProof checks that the process that answered knows the token, which only
// this incarnation was given on its stdin.
func (t *Target) checkProof(resp *http.Response, nonce string) error {
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return fmt.Errorf("GET /ping: read the answer: %w", err)
	}
	var envelope proactor.Envelope
	var pong webhook.PingAnswer
	if json.Unmarshal(body, &envelope) != nil {
		return fmt.Errorf("GET /ping answers %d without an envelope: is protocol = webhook right for this program?", resp.StatusCode)
	}
	if !envelope.Success {
		return fmt.Errorf("GET /ping answers code %d: %s", envelope.Code, envelope.Message)
	}
	if json.Unmarshal(envelope.Data, &pong) != nil || pong.Proof == "" {
		return errors.New("GET /ping answers without data.proof: a worker of another kind? (protocol = ding, or ready = http:/path)")
	}
	if !webhook.TokenEqual(pong.Proof, webhook.Proof(t.Token, nonce, t.GUID, t.Incarnation)) {
		return errors.New("GET /ping answers with a wrong data.proof: it does not know this worker's token")
	}
	return nil
}
