package dispatch

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"initiator/initiator/task"
)

// Headers of a callback.
const (
	// HeaderSignature is "sha256=" and the HMAC-SHA256 of the body in
	// hexadecimal, with the pool's callback_secret as its key.
	HeaderSignature = "Initiator-Signature"
	// HeaderTask is the id of the task, for whoever looks at no body.
	HeaderTask = "Initiator-Task"
)

const (
	// callbackTimeout bounds one call, from dialling to the end of the answer.
	callbackTimeout = 10 * time.Second
	// maxCallbackAnswer is how much of an answer is read, so that its connection can
	// be used again.
	maxCallbackAnswer = 64 << 10
)

// callbackSender makes callbacks.
type callbackSender struct{ http *http.Client }

// newCallbackSender follows no redirect: the record was meant for the URL that stands
// in the task, and a POST that is sent elsewhere often arrives as a GET.
func newCallbackSender() callbackSender {
	return callbackSender{&http.Client{
		Timeout:       callbackTimeout,
		Transport:     &http.Transport{Proxy: http.ProxyFromEnvironment, MaxIdleConnsPerHost: callbacksPerHost, IdleConnTimeout: time.Minute},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// callbackRejectedError is an answer other than a success.
type callbackRejectedError struct{ status int }

func (e *callbackRejectedError) Error() string { return fmt.Sprintf("it answered %d", e.status) }

// isGoneError says whether the receiver wants no further try.
func isGoneError(err error) bool {
	var answer *callbackRejectedError
	return errors.As(err, &answer) && answer.status == http.StatusGone
}

// sendCallback POSTs the record of a task to its callback.
func (c callbackSender) sendCallback(ctx context.Context, t task.Task, secret string) error {
	body, err := callbackBody(t)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.Callback, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "initiator")
	req.Header.Set(HeaderTask, t.ID.String())
	req.Header.Set(HeaderSignature, SignCallback(secret, body))
	res, err := c.http.Do(req)
	if err != nil {
		return stripURL(err)
	}
	defer func() { _ = res.Body.Close() }() // it was read, or is not wanted
	_, _ = io.CopyN(io.Discard, res.Body, maxCallbackAnswer)
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return &callbackRejectedError{res.StatusCode}
	}
	return nil
}

// callbackBody is the record as the API shows it, but for what becomes of the
// callback itself.
func callbackBody(t task.Task) ([]byte, error) {
	t.CallbackState = ""
	var b bytes.Buffer
	out := json.NewEncoder(&b)
	out.SetEscapeHTML(false)
	err := out.Encode(t)
	return b.Bytes(), err
}

// stripURL drops the URL from an error: its query may hold a secret, and the
// error stands in logs.
func stripURL(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}

// SignCallback is the value of HeaderSignature.
func SignCallback(secret string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}
