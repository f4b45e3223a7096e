package fetch

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
)

// TLSClient returns a client for protocols that other packages speak: without
// proxies and credentials, and it follows no redirect.
func TLSClient(settings *tls.Config) *http.Client {
	return &http.Client{
		Transport:     &http.Transport{TLSClientConfig: settings},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Status codes of gRPC.
const (
	callDone     = "0"
	callNotKnown = "12"
)

// maxCall bounds the message of a call.
const maxCall = 1 << 20

// ServeCalls answers the calls that come by a connection, in the protocol gRPC
// over HTTP/2 without TLS of its own, until the connection ends or ctx does; then the
// connection is closed. Calls have one message and one reply. answer gets the
// full name of the method, such as "/grpc.health.v1.Health/Check", and is called
// concurrently; without ok the caller learns that there is no such method.
func ServeCalls(ctx context.Context, conn net.Conn, answer func(method string, message []byte) (reply []byte, ok bool)) {
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	// What a server knows of TLS would be about a protocol that it negotiated.
	only := onlyConn{conns: make(chan net.Conn, 1)}
	only.conns <- struct{ net.Conn }{conn}
	only.end = sync.OnceFunc(func() { close(only.conns) })
	server := &http.Server{ //nolint:gosec // the peer is trusted with the connection; it is idle for as long as it likes
		Protocols: &protocols,
		Handler:   http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { serveCall(w, r, answer) }),
		ConnState: func(_ net.Conn, state http.ConnState) {
			if state == http.StateClosed {
				only.end()
			}
		},
	}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	_ = server.Serve(only) // ends with the connection, always by an error
	_ = conn.Close()
}

func serveCall(w http.ResponseWriter, r *http.Request, answer func(string, []byte) ([]byte, bool)) {
	w.Header().Set("Content-Type", "application/grpc")
	status := callNotKnown
	if message, err := readCall(r.Body); err == nil {
		if reply, ok := answer(r.URL.Path, message); ok {
			framed := binary.BigEndian.AppendUint32([]byte{0}, uint32(len(reply)))
			_, _ = w.Write(append(framed, reply...)) // the peer may have left
			status = callDone
		}
	}
	w.Header().Set(http.TrailerPrefix+"Grpc-Status", status)
}

// readCall reads a message: a byte that says whether it is packed, its length, and
// itself.
func readCall(in io.Reader) ([]byte, error) {
	head := make([]byte, 5)
	if _, err := io.ReadFull(in, head); err != nil {
		return nil, err
	}
	size := binary.BigEndian.Uint32(head[1:])
	if head[0] != 0 || size > maxCall {
		return nil, errors.New("reading a call: it is packed or too long")
	}
	message := make([]byte, size)
	_, err := io.ReadFull(in, message)
	return message, err
}

// onlyConn is a listener of one connection, closed when that ends.
type onlyConn struct {
	conns chan net.Conn
	end   func()
}

// Accept returns the connection, then waits for its end.
func (l onlyConn) Accept() (net.Conn, error) {
	if conn, ok := <-l.conns; ok {
		return conn, nil
	}
	return nil, net.ErrClosed
}

// Close ends Accept.
func (l onlyConn) Close() error {
	l.end()
	return nil
}

// Addr returns the address of no listener.
func (l onlyConn) Addr() net.Addr { return &net.UnixAddr{Name: "@", Net: "unix"} }
