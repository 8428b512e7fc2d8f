package proactor

import (
	"net/http"
	"testing"
)

func TestChecksAreMadeInTheirOrder(t *testing.T) {
	right := func(token string) bool { return token == "right" }
	header := func(pairs ...string) http.Header {
		h := http.Header{}
		for i := 0; i < len(pairs); i += 2 {
			h.Set(pairs[i], pairs[i+1])
		}
		return h
	}
	tests := []struct {
		name   string
		checks Checks
		header http.Header
		want   Code
	}{
		{"shutting down before all", Checks{ShuttingDown: true}, header(), ShuttingDown},
		{"channel before token", Checks{}, header(), NoChannel},
		{"empty channel", Checks{}, header("Channel", ""), NoChannel},
		{"channel differs", Checks{}, header("Channel", "7"), WrongChannel},
		{"channel is no number", Checks{}, header("Channel", "zero"), WrongChannel},
		{"channel beyond any int", Checks{}, header("Channel", "99999999999999999999"), WrongChannel},
		{"negative channel", Checks{Channel: -3, Token: right}, header("Channel", "-3", "Token", "right"), Success},
		{"no token", Checks{Token: right}, header("Channel", "0"), NoToken},
		{"token differs", Checks{Token: right}, header("Channel", "0", "Token", "wrong"), WrongToken},
		{"an empty token is a wrong one", Checks{Token: right}, header("Channel", "0", "Token", ""), WrongToken},
		{"right", Checks{Token: right}, header("Channel", "0", "Token", "right"), Success},
		{"blanks around the channel", Checks{Token: right}, header("Channel", " 0 ", "Token", "right"), Success},
		{"any token", Checks{}, header("Channel", "0", "Token", "x"), Success},
		{"optional channel absent", Checks{ChannelOptional: true, Token: right}, header("Token", "right"), Success},
		{"optional channel wrong", Checks{ChannelOptional: true, Token: right}, header("Channel", "9", "Token", "right"), WrongChannel},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.checks.Missing, tt.checks.Wrong = NoToken, WrongToken
			token, code := tt.checks.Check(tt.header)
			if code != tt.want {
				t.Errorf("got %+v, want %+v", code, tt.want)
			}
			if code.OK() != (token != "") {
				t.Errorf("token %q with code %d", token, code.Code)
			}
		})
	}
}
