package webhook

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
		checks HeaderCheck
		header http.Header
		want   Code
	}{
		{"shutting down before all", HeaderCheck{ShuttingDown: true}, header(), ShuttingDown},
		{"channel before token", HeaderCheck{}, header(), NoChannel},
		{"empty channel", HeaderCheck{}, header("Channel", ""), NoChannel},
		{"channel differs", HeaderCheck{}, header("Channel", "7"), WrongChannel},
		{"channel is no number", HeaderCheck{}, header("Channel", "zero"), WrongChannel},
		{"channel beyond any int", HeaderCheck{}, header("Channel", "99999999999999999999"), WrongChannel},
		{"negative channel", HeaderCheck{Channel: -3, Token: right}, header("Channel", "-3", "Token", "right"), Success},
		{"no token", HeaderCheck{Token: right}, header("Channel", "0"), NoToken},
		{"token differs", HeaderCheck{Token: right}, header("Channel", "0", "Token", "wrong"), WrongToken},
		{"an empty token is a wrong one", HeaderCheck{Token: right}, header("Channel", "0", "Token", ""), WrongToken},
		{"right", HeaderCheck{Token: right}, header("Channel", "0", "Token", "right"), Success},
		{"blanks around the channel", HeaderCheck{Token: right}, header("Channel", " 0 ", "Token", "right"), Success},
		{"any token", HeaderCheck{}, header("Channel", "0", "Token", "x"), Success},
		{"optional channel absent", HeaderCheck{ChannelOptional: true, Token: right}, header("Token", "right"), Success},
		{"optional channel wrong", HeaderCheck{ChannelOptional: true, Token: right}, header("Channel", "9", "Token", "right"), WrongChannel},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.checks.Missing, tt.checks.Wrong = NoToken, WrongToken
			token, code := tt.checks.CheckHeader(tt.header)
			if code != tt.want {
				t.Errorf("got %+v, want %+v", code, tt.want)
			}
			if code.OK() != (token != "") {
				t.Errorf("token %q with code %d", token, code.Number)
			}
		})
	}
}
