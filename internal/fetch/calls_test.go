package fetch

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"strings"
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

func TestServeCalls(t *testing.T) {
	t.Parallel()
	ours, theirs := net.Pipe()
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	client := &http.Client{Transport: &http.Transport{Protocols: &protocols, DialContext: func(context.Context, string, string) (net.Conn, error) { return theirs, nil }}}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		ServeCalls(ctx, ours, func(method string, message []byte) ([]byte, bool) {
			return append([]byte("re: "), message...), method == "/test.Echo/Echo"
		})
	}()
	for _, c := range []struct {
		method, message string
		packed          byte
		reply, status   string
	}{
		{"/test.Echo/Echo", "hello", 0, "re: hello", "0"},
		{"/test.Echo/Echo", "", 0, "re: ", "0"},
		{"/test.Echo/Other", "hello", 0, "", "12"},
		{"/test.Echo/Echo", "hello", 1, "", "12"},
		{"/test.Echo/Echo", strings.Repeat("x", 2<<20), 0, "", "12"},
	} {
		reply, status := call(t, client, c.method, c.packed, c.message)
		if reply != c.reply || status != c.status {
			t.Errorf("%s of %d bytes: got %q and the status %q, want %q and %q", c.method, len(c.message), reply, status, c.reply, c.status)
		}
	}
	cancel()
	<-ended // ServeCalls ends with its context
	if _, err := theirs.Write([]byte("x")); err == nil {
		t.Error("the connection is still open")
	}
}

func TestServeCallsEndsWithItsConnection(t *testing.T) {
	t.Parallel()
	ours, theirs := net.Pipe()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		ServeCalls(t.Context(), ours, func(string, []byte) ([]byte, bool) { return nil, false })
	}()
	if err := theirs.Close(); err != nil {
		t.Fatal(err)
	}
	<-ended // ServeCalls ends with its connection
}
