package fetch

import (
	"context"
	"crypto/tls"
	"encoding/binary"
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
	only := &onlyConn{conn: struct{ net.Conn }{conn}, ended: make(chan struct{})}
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
	status := http.TrailerPrefix + "Grpc-Status"
	// A message is a byte that says whether it is packed, its length, and itself.
	head := make([]byte, 5)
	_, err := io.ReadFull(r.Body, head)
	size := binary.BigEndian.Uint32(head[1:])
	if err != nil || head[0] != 0 || size > maxCall {
		w.Header().Set(status, callNotKnown)
		return
	}
	message := make([]byte, size)
	if _, err := io.ReadFull(r.Body, message); err != nil {
		w.Header().Set(status, callNotKnown)
		return
	}
	reply, ok := answer(r.URL.Path, message)
	if !ok {
		w.Header().Set(status, callNotKnown)
		return
	}
	framed := binary.BigEndian.AppendUint32([]byte{0}, uint32(len(reply)))
	_, _ = w.Write(append(framed, reply...)) // the peer may have left
	w.Header().Set(status, callDone)
}

// onlyConn is a listener of one connection, closed when that ends.
type onlyConn struct {
	mu    sync.Mutex
	conn  net.Conn // nil once it was accepted
	once  sync.Once
	ended chan struct{}
}

func (l *onlyConn) end() { l.once.Do(func() { close(l.ended) }) }

// Accept returns the connection, then waits for its end.
func (l *onlyConn) Accept() (net.Conn, error) {
	l.mu.Lock()
	conn := l.conn
	l.conn = nil
	l.mu.Unlock()
	if conn != nil {
		return conn, nil
	}
	<-l.ended
	return nil, net.ErrClosed
}

// Close ends Accept.
func (l *onlyConn) Close() error {
	l.end()
	return nil
}

// Addr returns the address of no listener.
func (l *onlyConn) Addr() net.Addr { return &net.UnixAddr{Name: "@", Net: "unix"} }
