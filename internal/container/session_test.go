package container

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
)

// call makes a call as gRPC does, and returns the reply with its status.
func call(t *testing.T, client *http.Client, method string, packed byte, message string) (reply, status string) {
	t.Helper()
	body := binary.BigEndian.AppendUint32([]byte{packed}, uint32(len(message)))
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://peer"+method, bytes.NewReader(append(body, message...)))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/grpc")
	r.Header.Set("Te", "trailers")
	answer, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := answer.Body.Close(); err != nil {
		t.Fatal(err)
	}
	if len(text) >= 5 {
		text = text[5:]
	}
	return string(text), answer.Trailer.Get("Grpc-Status") + answer.Header.Get("Grpc-Status")
}

// connected returns the two ends of a connection.
func connected(t *testing.T) (one, other net.Conn) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if one, err = net.Dial("tcp", listener.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if other, err = listener.Accept(); err != nil {
		t.Fatal(err)
	}
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	return one, other
}

func TestServeCalls(t *testing.T) {
	t.Parallel()
	ours, theirs := connected(t)
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	client := &http.Client{Transport: &http.Transport{Protocols: &protocols, DialContext: func(context.Context, string, string) (net.Conn, error) { return theirs, nil }}}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		serveCalls(ctx, ours, func(method string, message []byte) ([]byte, bool) {
			return append([]byte("\x0a\x03re:"), message...), method == "/test.Echo/Echo"
		})
	}()
	for _, c := range []struct {
		method, message string
		packed          byte
		reply, status   string
	}{
		{"/test.Echo/Echo", "\x12\x05hello", 0, "\x0a\x03re:\x12\x05hello", "0"},
		{"/test.Echo/Echo", "", 0, "\x0a\x03re:", "0"},
		{"/test.Echo/Other", "\x12\x05hello", 0, "", "12"},
		{"/test.Echo/Echo", "\x12\x05hello", 1, "", "13"},
		{"/test.Echo/Echo", "\x12\x05hell", 0, "", "13"},
		{"/test.Echo/Echo", strings.Repeat("x", 2<<20), 0, "", "8"},
	} {
		reply, status := call(t, client, c.method, c.packed, c.message)
		if reply != c.reply || status != c.status {
			t.Errorf("%s of %d bytes: got %q and the status %q, want %q and %q", c.method, len(c.message), reply, status, c.reply, c.status)
		}
	}
	cancel()
	<-ended // serveCalls ends with its context
	if _, err := io.ReadAll(theirs); err != nil && !errors.Is(err, net.ErrClosed) && !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the connection ends by %v", err)
	}
}
