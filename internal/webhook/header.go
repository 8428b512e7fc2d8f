package webhook

import (
	"net/http"
	"strconv"
	"strings"

	"initiator/proactor"
)

// HeaderCheck checks the headers of a request before its handler runs, in this order:
// is the server shutting down, is the Channel right, is the Token right.
type HeaderCheck struct {
	// ShuttingDown answers everything with 101.
	ShuttingDown bool
	// Channel is the number that the header must hold.
	Channel int
	// ChannelOptional lets the header be absent (never wrong). For requests
	// under the server's own token: the original sends none with these.
	ChannelOptional bool
	// Missing and Wrong are the codes for a token that is absent or wrong.
	Missing, Wrong Code
	// Token reports whether the token is right. Nil accepts every token, as
	// /connect does, where the caller chooses the token.
	Token func(token string) bool
}

// CheckHeader returns the request's token and Success, or the code to answer with.
func (c HeaderCheck) CheckHeader(h http.Header) (string, Code) {
	if c.ShuttingDown {
		return "", ShuttingDown
	}
	if code := c.checkChannel(h); !code.OK() {
		return "", code
	}
	tokens := h[proactor.HeaderToken]
	if len(tokens) == 0 {
		return "", c.Missing
	}
	if c.Token != nil && !c.Token(tokens[0]) {
		return "", c.Wrong
	}
	return tokens[0], Success
}

func (c HeaderCheck) checkChannel(h http.Header) Code {
	value := strings.TrimSpace(h.Get(proactor.HeaderChannel))
	if value == "" {
		if c.ChannelOptional {
			return Success
		}
		return NoChannel
	}
	if n, err := strconv.Atoi(value); err != nil || n != c.Channel {
		return WrongChannel
	}
	return Success
}
