package chirp

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// authority signs the certificates of a test.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func certificate(t *testing.T, name string, ca bool, by *authority) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: ca, BasicConstraintsValid: true,
	}
	if by == nil {
		by = &authority{c, key}
	}
	der, err := x509.CreateCertificate(rand.Reader, c, by.cert, &key.PublicKey, by.key)
	if err != nil {
		t.Fatal(err)
	}
	if c, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	return &authority{c, key}
}

// file is the PEM file of a node, in the order given.
func (a *authority) file(t *testing.T, order string) string {
	t.Helper()
	node := certificate(t, "node", false, a)
	der, err := x509.MarshalPKCS8PrivateKey(node.key)
	if err != nil {
		t.Fatal(err)
	}
	var out []byte
	for _, what := range order {
		b := &pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw}
		switch what {
		case 'n':
			b.Bytes = node.cert.Raw
		case 'k':
			b = &pem.Block{Type: "PRIVATE KEY", Bytes: der}
		}
		out = append(out, pem.EncodeToMemory(b)...)
	}
	path := filepath.Join(t.TempDir(), "node.pem")
	if err := os.WriteFile(path, out, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestPeersEncrypt(t *testing.T) {
	ca := certificate(t, "authority", true, nil)
	var b *Peer
	b, at := newPeer(t, Config{PEM: ca.file(t, "ank"), EncryptLoopback: true, Handler: func(l *PeerMessage) { b.Send(l) }})
	a, _ := newPeer(t, Config{PEM: ca.file(t, "kna"), EncryptLoopback: true})
	answer, err := a.Request(newPeerMessage(at, "secret")).Wait(t.Context())
	if err != nil || string(answer.Data) != "secret" {
		t.Fatal(err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for l := range a.links {
		if s := l.nc.(*tls.Conn).ConnectionState(); s.Version != tls.VersionTLS13 {
			t.Errorf("TLS version %x", s.Version)
		}
	}
}

func TestPeersRefuseForeignCertificates(t *testing.T) {
	ca, other := certificate(t, "authority", true, nil), certificate(t, "other", true, nil)
	handler := func(*PeerMessage) { t.Error("a stranger's message was handled") }
	_, at := newPeer(t, Config{PEM: ca.file(t, "ank"), EncryptLoopback: true, Handler: handler})
	for name, c := range map[string]Config{
		"other authority": {PEM: other.file(t, "ank"), EncryptLoopback: true},
		"plain":           {Timeout: minTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			a, _ := newPeer(t, c)
			if err := a.Send(newPeerMessage(at, "x")).Wait(t.Context()); err == nil {
				t.Error("success")
			}
		})
	}
}

func TestIncompletePEMIsRefused(t *testing.T) {
	ca := certificate(t, "authority", true, nil)
	for _, order := range []string{"", "an", "ak", "nk", "k"} {
		if _, err := loadPEM(ca.file(t, order)); err == nil {
			t.Errorf("%q is accepted", order)
		}
	}
}

// Who must be encrypted: all but these two addresses, unless it was said
// otherwise.
func TestWhichAddressesAreEncrypted(t *testing.T) {
	ca := certificate(t, "authority", true, nil)
	file := ca.file(t, "ank")
	for _, c := range []struct {
		config Config
		at     string
		want   bool
	}{
		{Config{PEM: file}, "127.0.0.1", false},
		{Config{PEM: file}, "::1", false},
		{Config{PEM: file}, "127.0.0.2", true},
		{Config{PEM: file}, "192.0.2.1", true},
		{Config{PEM: file, EncryptLoopback: true}, "127.0.0.1", true},
		{Config{PEM: file, Plain: true}, "192.0.2.1", false},
	} {
		p, err := NewPeer(c.config)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := p.needsTLS(netip.MustParseAddr(c.at)); err != nil || got != c.want {
			t.Errorf("%s: encrypted %v, %v", c.at, got, err)
		}
		p.Shutdown(false)
	}
}
