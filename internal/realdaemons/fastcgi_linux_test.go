package realdaemons

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
)

// The types of FastCGI's records, by its specification.
const (
	fcgiBegin  = 1
	fcgiEnd    = 3
	fcgiParams = 4
	fcgiStdin  = 5
	fcgiStdout = 6
)

// getFastCGI returns a request for a script, over a connection of its own. The
// script writes as soon as it runs: a connection that ends before was not accepted,
// but waited in the kernel when php-fpm closed its socket.
func getFastCGI(socket, script, want string) request {
	return func(ctx context.Context) error {
		var dialer net.Dialer
		conn, err := dialer.DialContext(ctx, "unix", socket)
		if err != nil {
			return err
		}
		defer conn.Close()
		deadline, _ := ctx.Deadline()
		conn.SetDeadline(deadline)
		var out bytes.Buffer
		writeRecord(&out, fcgiBegin, []byte{0, 1, 0, 0, 0, 0, 0, 0}) // a responder; close at the end
		var params []byte
		for _, p := range [][2]string{{"SCRIPT_FILENAME", script}, {"REQUEST_METHOD", "GET"}} {
			params = append(params, byte(len(p[0])), byte(len(p[1])))
			params = append(append(params, p[0]...), p[1]...)
		}
		writeRecord(&out, fcgiParams, params)
		writeRecord(&out, fcgiParams, nil)
		writeRecord(&out, fcgiStdin, nil)
		if _, err := conn.Write(out.Bytes()); err != nil {
			return err
		}
		return readAnswer(conn, want)
	}
}

// writeRecord appends a record of request 1.
func writeRecord(out *bytes.Buffer, kind byte, content []byte) {
	out.Write([]byte{1, kind, 0, 1, byte(len(content) >> 8), byte(len(content)), 0, 0})
	out.Write(content)
}

// readAnswer reads records until the end of the request.
func readAnswer(conn io.Reader, want string) error {
	var page []byte
	for {
		var head [8]byte
		if _, err := io.ReadFull(conn, head[:]); err != nil {
			if page == nil {
				err = errRefused
			}
			return err
		}
		content := make([]byte, int(binary.BigEndian.Uint16(head[4:]))+int(head[6]))
		if _, err := io.ReadFull(conn, content); err != nil {
			return err
		}
		switch head[1] {
		case fcgiStdout:
			page = append(page, content[:len(content)-int(head[6])]...)
		case fcgiEnd:
			if _, body, _ := bytes.Cut(page, []byte("\r\n\r\n")); string(body) != want {
				return fmt.Errorf("the page is %q", page)
			}
			return nil
		}
	}
}
