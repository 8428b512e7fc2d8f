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

// loadPEM returns the TLS settings for both ends from one file, which holds the
// authority's certificate, the node's certificate and the node's key in any
// order.
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

// parsePEM sorts the blocks of the file: the certificate that fits the key is
// the node's own, and all others are authorities.
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

// parseBlocks reads the certificates and the key.
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

// parseKey reads a key in PKCS #1, SEC 1 or PKCS #8 form.
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

// mutualTLS requires a certificate of the authority from both ends, and nothing
// else. As in libchirp, a node with such a certificate may use any name and
// address. Go's own check, which requires a name, is therefore replaced.
func mutualTLS(ours tls.Certificate, roots *x509.CertPool) *tls.Config {
	return &tls.Config{
		MinVersion:         tls.VersionTLS13, // Go lacks libchirp's DHE ciphers of TLS 1.2
		Certificates:       []tls.Certificate{ours},
		ClientAuth:         tls.RequireAnyClientCert,
		InsecureSkipVerify: true, // VerifyConnection checks the certificate
		VerifyConnection:   func(s tls.ConnectionState) error { return verifyCertificate(s, roots) },
	}
}

// verifyCertificate checks that the authority signed the other end's
// certificate.
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
