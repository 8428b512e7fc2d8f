package chirp

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
)

// loadPEM makes the TLS settings of both ends from one file, which holds the
// authority's certificate, the node's, and the node's key, in any order.
func loadPEM(path string) (*tls.Config, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read certificates: %w", err)
	}
	c, err := parsePEM(data)
	if err != nil {
		return nil, fmt.Errorf("read certificates from %s: %w", path, err)
	}
	return c, nil
}

// parsePEM sorts the file's blocks: the certificate that fits the key is ours,
// all others are authorities.
func parsePEM(data []byte) (*tls.Config, error) {
	certs, key, err := parseBlocks(data)
	if err != nil {
		return nil, err
	}
	ours := tls.Certificate{PrivateKey: key}
	roots := x509.NewCertPool()
	others := 0
	for _, c := range certs {
		if pub, ok := c.PublicKey.(interface{ Equal(crypto.PublicKey) bool }); ok && pub.Equal(key.Public()) {
			ours.Certificate, ours.Leaf = [][]byte{c.Raw}, c
			continue
		}
		roots.AddCert(c)
		others++
	}
	switch {
	case ours.Leaf == nil:
		return nil, errors.New("no certificate belongs to the private key: add the node's own")
	case others == 0:
		return nil, errors.New("no certificate of an authority: add the one that has signed the node's")
	}
	return mutualTLS(ours, roots), nil
}

// parseBlocks reads the certificates and the one key.
func parseBlocks(data []byte) (certs []*x509.Certificate, key crypto.Signer, err error) {
	for {
		var b *pem.Block
		if b, data = pem.Decode(data); b == nil {
			break
		}
		switch b.Type {
		case "CERTIFICATE":
			c, err := x509.ParseCertificate(b.Bytes)
			if err != nil {
				return nil, nil, err
			}
			certs = append(certs, c)
		case "PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY":
			if key, err = parseKey(b.Bytes); err != nil {
				return nil, nil, err
			}
		}
	}
	if key == nil {
		return nil, nil, errors.New("no private key: add the node's own, unencrypted")
	}
	return certs, key, nil
}

// parseKey reads a key in any of the usual forms.
func parseKey(der []byte) (crypto.Signer, error) {
	if key, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return key, nil
	}
	if key, err := x509.ParseECPrivateKey(der); err == nil {
		return key, nil
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("parse private key: %w", err)
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("parse private key: %T cannot sign", key)
	}
	return signer, nil
}

// mutualTLS asks both ends for a certificate of the authority, and for nothing
// else: as in libchirp, who has one may speak, under any name and address. That
// is why Go's own check, which wants a name, is replaced by one that does not.
func mutualTLS(ours tls.Certificate, roots *x509.CertPool) *tls.Config {
	return &tls.Config{
		MinVersion:         tls.VersionTLS13, // libchirp's DHE ciphers of 1.2 are not in Go
		Certificates:       []tls.Certificate{ours},
		ClientAuth:         tls.RequireAnyClientCert,
		InsecureSkipVerify: true, // VerifyConnection does it
		VerifyConnection:   func(s tls.ConnectionState) error { return verifyCertificate(s, roots) },
	}
}

// verifyCertificate checks that the other end's certificate is of our authority.
func verifyCertificate(s tls.ConnectionState, roots *x509.CertPool) error {
	if len(s.PeerCertificates) == 0 {
		return errors.New("other side has no certificate")
	}
	between := x509.NewCertPool()
	for _, c := range s.PeerCertificates[1:] {
		between.AddCert(c)
	}
	_, err := s.PeerCertificates[0].Verify(x509.VerifyOptions{
		Roots:         roots,
		Intermediates: between,
		KeyUsages:     []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	return err
}
