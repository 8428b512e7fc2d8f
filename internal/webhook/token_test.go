package webhook

import (
	"net/url"
	"testing"
)

func TestNewTokenIsLongUniqueAndSafeInURLs(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		token := NewToken()
		if len(token) != 43 || url.QueryEscape(token) != token {
			t.Fatalf("token %q", token)
		}
		if seen[token] {
			t.Fatalf("token %q twice", token)
		}
		seen[token] = true
	}
}

func TestTokenEqual(t *testing.T) {
	tests := []struct {
		a, b string
		want bool
	}{
		{"secret", "secret", true},
		{"secret", "secreT", false},
		{"secret", "secret ", false},
		{"secret", "", false},
		{"", "", false},
	}
	for _, tt := range tests {
		if got := TokenEqual(tt.a, tt.b); got != tt.want {
			t.Errorf("TokenEqual(%q, %q) = %v", tt.a, tt.b, got)
		}
	}
}

// TestProofIsThatOfOpenSSL holds the value of
//
//	printf 'n0nce\na1b2\n3' | openssl dgst -sha256 -hmac secret
func TestProofIsThatOfOpenSSL(t *testing.T) {
	const want = "2621a2e08e7f44ef6951766b570b1e6eb4c79e4050b28eaef7514dc6de2a1411"
	if got := Proof("secret", "n0nce", "a1b2", 3); got != want {
		t.Errorf("Proof = %s", got)
	}
	for _, other := range []string{
		Proof("Secret", "n0nce", "a1b2", 3), Proof("secret", "nonce", "a1b2", 3),
		Proof("secret", "n0nce", "a1b3", 3), Proof("secret", "n0nce", "a1b2", 4),
	} {
		if other == want {
			t.Error("a proof of something else is the same")
		}
	}
}
